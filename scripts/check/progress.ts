/** One task that has just ended, as turbo tells it with `--log-order=grouped`. */
export interface Ended {
  readonly task: string;
  readonly unchanged: boolean;
}

/** Reads a line such as `//:lint: cache miss, executing 0123`, which turbo keeps back until the task has ended. */
export function endedIn(line: string): Ended | undefined {
  const [, task, found] = /^(?:\/\/:)?([\w:-]+): cache (hit|miss)\b/.exec(line) ?? [];
  return task === undefined ? undefined : {task, unchanged: found === 'hit'};
}
