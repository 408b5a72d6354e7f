/** Tells the model the result of a tool that it did not wait for. */
export function lateResult(tool: string, words: string): string {
  return `The result of ${tool}, which was started earlier: ${words}`;
}

/** A note that tells such a result, in its parts; undefined: it tells something else. */
export function readLateResult(
  note: string,
): {readonly tool: string; readonly before: string; readonly words: string} | undefined {
  const [before, tool] = /^The result of (\S{1,64}), which was started earlier: /.exec(note) ?? [];
  return before === undefined || tool === undefined ? undefined : {tool, before, words: note.slice(before.length)};
}
