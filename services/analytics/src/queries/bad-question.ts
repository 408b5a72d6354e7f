import {z} from 'zod';

/** The body of every failed request. */
export const Problem = z.object({
  error: z.string().describe('what went wrong, for a person'),
  field: z.string().optional().describe('the parameter at fault'),
  cure: z.string().optional().describe('what to send instead'),
});
export type Problem = z.infer<typeof Problem>;

/**
 * A request that cannot be answered as it is: `problem` says why and what to send instead, `status` is the HTTP status.
 */
export class BadQuestion extends Error {
  override readonly name = 'BadQuestion';
  readonly problem: Problem;
  readonly status: number;

  constructor(problem: Problem, status = 400) {
    super(problem.error);
    this.problem = problem;
    this.status = status;
  }
}
