import {z} from 'zod';

/** What is wrong with a request, for a person. */
export interface Problem {
  /** What went wrong. */
  readonly error: string;
  /** The parameter at fault. */
  readonly field?: string;
  /** What to send instead. */
  readonly cure?: string;
}

/** The body of every failed request: problem details (RFC 9457), with what to do about it. */
export const ProblemAnswer = z.object({
  type: z.literal('about:blank'),
  title: z.string().describe('the name of the status'),
  status: z.number().int(),
  detail: z.string().describe('what went wrong, for a person'),
  field: z.string().optional().describe('the parameter at fault'),
  cure: z.string().optional().describe('what to send instead'),
});
export type ProblemAnswer = z.infer<typeof ProblemAnswer>;

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
