import {RequestRefused} from './send-request.ts';
import {tellError} from '@voicebridge/shared/observability/tell-error.ts';

/**
 * Why a tool failed, for the log: a code, and where in the program. The message of an error may repeat a key, a name or what a
 * caller said. So only its length is logged, unless an operator asked for the words (`withWords`).
 */
export function toolFault(thrown: unknown, withWords: boolean): Readonly<Record<string, unknown>> {
  const {type, code, message, stack} = tellError(thrown);
  const isOurs = thrown instanceof RequestRefused;
  return {
    type,
    ...(code === undefined ? {} : {code}),
    ...(isOurs || withWords ? {message} : {messageLength: message.length}),
    ...(stack === undefined ? {} : {stack}),
  };
}
