/** Variables that every call has: who calls whom (empty if withheld), and when the call came in, in `timeZone`. */
export const CALL_VARIABLES = ['caller', 'callee', 'direction', 'date', 'time', 'weekday'] as const;

const VARIABLE = /\{\{\s*([A-Za-z_][\w.]*)\s*\}\}/g;

/** The names of the variables in a text, each once. */
export function variablesIn(text: string): string[] {
  return [...new Set([...text.matchAll(VARIABLE)].map(([, name = '']) => name))];
}

/** Fills in the variables of a text. One without a value becomes nothing, and is told to `onMissing`. */
export function fillIn(
  text: string,
  values: Readonly<Record<string, string>>,
  onMissing: (name: string) => void = () => {},
): string {
  return text.replaceAll(VARIABLE, (_, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) onMissing(name);
    return value ?? '';
  });
}
