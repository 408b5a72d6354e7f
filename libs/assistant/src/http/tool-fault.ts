import {RequestRefused} from './send-request.ts';
import {tellError} from '@voicebridge/shared/observability/tell-error.ts';

/**
 * Why a tool failed, as it may be logged: a code and where in the code. The words of an error are those of its server or of
 * whoever wrote the tool, and may repeat a key, a name or what a caller said: of them the length, unless an operator asked for them.
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
