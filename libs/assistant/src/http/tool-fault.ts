import {RequestRefused} from './send-request.ts';
import {tellError, type ToldError} from '@voicebridge/shared/observability/tell-error.ts';

/** What the log has of it. */
export interface ToolFault extends Pick<ToldError, 'type' | 'code' | 'stack'> {
  readonly message?: string;
  readonly messageLength?: number;
}

/**
 * Why a tool failed, for the log: a code, and where in the program. The message of an error may repeat a key, a name or what a
 * caller said. So only its length is logged, unless an operator asked for the words (`withWords`).
 */
export function toolFault(thrown: unknown, withWords: boolean): ToolFault {
  const {type, code, message, stack} = tellError(thrown);
  const isOurs = thrown instanceof RequestRefused;
  return {
    type,
    ...(code === undefined ? {} : {code}),
    ...(isOurs || withWords ? {message} : {messageLength: message.length}),
    ...(stack === undefined ? {} : {stack}),
  };
}
