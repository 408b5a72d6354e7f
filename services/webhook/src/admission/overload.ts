import {unreachable} from '@voicebridge/shared/errors.ts';
import type {WebhookConfig} from '../config.ts';
import {dial, hangUp, redirect, type Twiml} from '../carriers/twilio/twiml.ts';

/** Nobody is held for longer. */
const HOLD_AT_MOST_SECONDS = 600;

type OverloadConfig = Pick<
  WebhookConfig,
  'OVERLOAD' | 'OVERLOAD_SAY' | 'OVERLOAD_TARGET' | 'OVERLOAD_HOLD_SECONDS' | 'PUBLIC_WEBHOOK_URL'
>;

/** What a caller gets while nobody has a place. `held`: how often this caller has been asked to wait before. */
export function overloadTwiml(config: OverloadConfig, held: number): Twiml {
  const target = config.OVERLOAD_TARGET ?? '';
  switch (config.OVERLOAD) {
    case 'say':
      return hangUp(config.OVERLOAD_SAY);
    case 'dial':
      return dial(target);
    case 'redirect':
      return redirect(target);
    case 'hold': {
      if (held * config.OVERLOAD_HOLD_SECONDS >= HOLD_AT_MOST_SECONDS) return hangUp(config.OVERLOAD_SAY);
      return redirect(`${config.PUBLIC_WEBHOOK_URL}/incoming-call?held=${held + 1}`, {
        ...(held === 0 ? {say: config.OVERLOAD_SAY} : {}),
        pauseSeconds: config.OVERLOAD_HOLD_SECONDS,
      });
    }
    default:
      return unreachable(config.OVERLOAD);
  }
}
