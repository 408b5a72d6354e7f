/** What a model is known to call its errors, and what we call the loss of its socket. */
const KNOWN: ReadonlySet<string> = new Set([
  'account_deactivated',
  'beta_api_shape_disabled',
  'billing_hard_limit_reached',
  'cancelled',
  'client_cancelled',
  'closed',
  'content_filter',
  'conversation_already_has_active_response',
  'expired',
  'failed',
  'incomplete',
  'inference_rate_limit_exceeded',
  'insufficient_quota',
  'invalid_api_key',
  'invalid_event',
  'invalid_value',
  'item_delete_invalid_item_id',
  'item_retrieve_invalid_item_id',
  'item_truncate_invalid_item_id',
  'max_output_tokens',
  'misconfigured',
  'missing_required_parameter',
  'model_not_found',
  'quota',
  'rate_limit_exceeded',
  'refused',
  'response_cancel_not_active',
  'server_error',
  'session_expired',
  'turn_detected',
  'unknown_parameter',
  'unreachable',
]);

/** The code of an error as a metric's label: a server that makes codes up makes no new time series. */
export function errorLabel(code: string): string {
  return KNOWN.has(code) ? code : 'other';
}
