import type {CallerScript} from './fake-call.ts';

/**
 * A caller who asks, listens, interrupts if told so, and asks again, `rounds` times; hanging up is left to others. One who
 * speaks first says hello as soon as the stream is open, before any greeting can be there.
 */
export function conversation({
  interrupt,
  rounds,
  speaksFirst = false,
}: {
  interrupt: boolean;
  rounds: number;
  speaksFirst?: boolean;
}): CallerScript {
  const round: CallerScript = [
    {do: 'say', clip: 'caller-opening-hours'},
    ...(interrupt ? ([{do: 'interruptAfter', ms: 1_200, clip: 'caller-interrupts'}] as const) : []),
    {do: 'waitForSilence', ms: 700},
    {do: 'say', clip: 'caller-book-table'},
    {do: 'waitForSilence', ms: 700},
    {do: 'say', clip: 'caller-yes'},
    {do: 'waitForSilence', ms: 700},
  ];
  const opening: CallerScript = speaksFirst ? [{do: 'say', clip: 'caller-hello'}] : [];
  return [...opening, {do: 'waitForSilence', ms: 500}, ...Array.from({length: rounds}, () => round).flat()];
}
