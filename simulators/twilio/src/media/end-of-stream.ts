/** What happens when a stream ends, in an undocumented order. */
export type EndStep = 'close' | 'status' | 'action';

/**
 * Takes the steps. In a given order, each waits for the one before; without one all begin at once, which is how it
 * looks from outside: the callbacks race.
 */
export async function takeEndSteps(
  order: readonly EndStep[] | undefined,
  steps: Readonly<Record<EndStep, () => Promise<void>>>,
): Promise<void> {
  if (order) for (const step of order) await steps[step]();
  else await Promise.all([steps.close(), steps.status(), steps.action()]);
}
