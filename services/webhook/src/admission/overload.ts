import {unreachable} from '@voicebridge/shared/errors.ts';
import type {WebhookConfig} from '../config.ts';
import type {CallAnswer} from './call-answer.ts';

/** No caller is held for longer. */
const HOLD_AT_MOST_SECONDS = 600;

type OverloadConfig = Pick<WebhookConfig, 'OVERLOAD' | 'OVERLOAD_SAY' | 'OVERLOAD_TARGET' | 'OVERLOAD_HOLD_SECONDS'>;

/** What a caller gets when all workers are full. `held`: how often this caller has been asked to wait before. */
export function overloadAnswer(config: OverloadConfig, held: number): CallAnswer {
  const target = config.OVERLOAD_TARGET ?? '';
  switch (config.OVERLOAD) {
    case 'say':
      return {kind: 'hangUp', say: config.OVERLOAD_SAY};
    case 'dial':
      return {kind: 'dial', target};
    case 'redirect':
      return {kind: 'redirect', url: target};
    case 'hold': {
      const seconds = config.OVERLOAD_HOLD_SECONDS;
      if (held * seconds >= HOLD_AT_MOST_SECONDS) return {kind: 'hangUp', say: config.OVERLOAD_SAY};
      return {
        kind: 'hold',
        ...(held === 0 ? {say: config.OVERLOAD_SAY} : {}),
        seconds,
        again: {held: held + 1},
      };
    }
    default:
      return unreachable(config.OVERLOAD);
  }
}
