import {isRecord, missing, textIn} from '../json/json-schema.ts';
import {refusal, type Refusal} from '../json/refusal.ts';

const LABEL = /^[A-Za-z][\w-]{0,63}$/;

/** What is wrong with the `mcp` tools of a session, beyond the schema. */
export function mcpProblem(tools: readonly unknown[], path: string): Refusal | undefined {
  const labels = new Set<string>();
  for (const [index, tool] of tools.entries()) {
    if (!isRecord(tool) || tool['type'] !== 'mcp') continue;
    const at = `${path}[${index}]`;
    const label = textIn(tool['server_label']);
    if (!LABEL.test(label)) return refusal('invalid_value', `Invalid server label '${label}'.`, `${at}.server_label`);
    if (labels.has(label)) return refusal('invalid_value', `Duplicate server label '${label}'.`, `${at}.server_label`);
    labels.add(label);
    const places = ['server_url', 'connector_id', 'tunnel_id'].filter(name => tool[name] !== undefined);
    if (places.length !== 1) return missing(`${at}.server_url`);
  }
  return undefined;
}
