import {messageOf} from '@voicebridge/shared/errors.ts';
import {LineCounter, parseDocument} from 'yaml';

/** What a file says, and in which line (`:4`; empty: it is not known) something of it stands; or what is wrong with it. */
export type Written =
  | {
      readonly value: unknown;
      readonly source: string | undefined;
      readonly lineOf: (path: readonly PropertyKey[]) => string;
    }
  /** `line`: as it stands behind the name of the file. */
  | {readonly problem: string; readonly line?: string};

/** Reads the text of a YAML file. */
export function readYaml(text: string): Written {
  const lines = new LineCounter();
  const document = parseDocument(text, {lineCounter: lines, prettyErrors: true});
  const [error] = document.errors;
  if (error) {
    const [{line} = {line: 1}] = error.linePos ?? [];
    const what = error.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? '';
    return {problem: `cannot be read as YAML: ${what}`, line: `:${line}`};
  }
  const lineOf = (path: readonly PropertyKey[]): string => {
    for (let depth = path.length; depth > 0; depth -= 1) {
      const offset = offsetOf(document.getIn(path.slice(0, depth), true));
      if (offset !== undefined) return `:${lines.linePos(offset).line}`;
    }
    return '';
  };
  try {
    return {value: document.toJS() as unknown, source: undefined, lineOf};
  } catch (thrown) {
    return {problem: `cannot be read as YAML: ${messageOf(thrown)}`, line: ''};
  }
}

function offsetOf(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) return undefined;
  const [from]: unknown[] = node.range;
  return typeof from === 'number' ? from : undefined;
}
