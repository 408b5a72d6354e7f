/** What a double cannot hold exactly, such as 0.30000000000000004, at the precision that a figure of ours can have. */
export const tidy = (value: number): number => (Number.isInteger(value) ? value : Number(value.toPrecision(12)));

/** For `JSON.stringify`: every number that leaves this process is tidy. */
export const tidyNumbers = (_key: string, value: unknown): unknown => (typeof value === 'number' ? tidy(value) : value);
