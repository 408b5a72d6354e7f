/** A task that has just ended, as turbo prints it with `--log-order=grouped`. */
export interface Ended {
  readonly task: string;
  readonly unchanged: boolean;
}

/** Reads a line such as `//:lint: cache miss, executing 0123`, which turbo prints when the task has ended. */
export function endedIn(line: string): Ended | undefined {
  const [, task, found] = /^(?:\/\/:)?([\w:-]+): cache (hit|miss)\b/.exec(line) ?? [];
  return task === undefined ? undefined : {task, unchanged: found === 'hit'};
}
