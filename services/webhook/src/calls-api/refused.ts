/** A request that cannot be done, with what to do about it. */
export class Refused extends Error {
  readonly status: number;
  readonly problem: {readonly error: string; readonly field?: string; readonly cure?: string};

  constructor(status: number, problem: Refused['problem']) {
    super(problem.error);
    this.status = status;
    this.problem = problem;
  }
}
