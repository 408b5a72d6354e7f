/** What is being done and for how long, on a line that replaces itself where there is a terminal. */
export class Progress {
  readonly #minutes: number;
  readonly #began = performance.now();
  #text = '';

  constructor(minutes: number) {
    this.#minutes = minutes;
    if (process.stderr.isTTY) setInterval(() => this.#draw(), 500).unref();
  }

  /** Whether this many seconds are left. */
  hasTimeFor(seconds: number): boolean {
    return this.#passed + seconds <= this.#minutes * 60;
  }

  /** What is being done now. */
  now(text: string): void {
    this.#text = text;
    this.#draw();
  }

  /** A line that stays. */
  line(text: string): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001B[K');
    process.stdout.write(`${text}\n`);
  }

  get #passed(): number {
    return (performance.now() - this.#began) / 1_000;
  }

  #draw(): void {
    if (!process.stderr.isTTY || this.#text === '') return;
    const passed = `${Math.floor(this.#passed / 60)}:${String(Math.floor(this.#passed % 60)).padStart(2, '0')}`;
    process.stderr.write(`\r\u001B[K  ${passed} of at most ${this.#minutes}:00  ${this.#text}`);
  }
}
