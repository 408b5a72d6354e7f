import {loadConfig} from '@voicebridge/shared/config/config.ts';
import {callsSummary} from './report/calls-summary.ts';
import {conversation} from './call/caller-conversation.ts';
import {startFakeTwilio} from './fake-twilio.ts';
import {placeCalls} from './call/place-calls.ts';
import {saveCall} from './report/save-call.ts';
import {SimulatorEnv} from './simulator-env.ts';

const config = loadConfig(SimulatorEnv, process.env);
const alive = setInterval(() => {}, 60_000); // the clock's timers do not keep a process
await using twilio = await startFakeTwilio({
  webhookUrl: config.WEBHOOK_URL,
  authToken: config.TWILIO_AUTH_TOKEN,
  network: {delay: config.NETWORK_DELAY_MS, jitter: config.NETWORK_JITTER_MS},
  restPort: config.REST_PORT,
  sayMsPerChar: 60,
  ids: config.IDS,
  ...(config.ALLOW_WS ? {allowInsecure: true} : {}),
  ...(config.FALLBACK_URL === undefined ? {} : {fallbackUrl: config.FALLBACK_URL}),
  ...(config.STATUS_CALLBACK_URL === undefined ? {} : {statusCallbackUrl: config.STATUS_CALLBACK_URL}),
  ...(config.TWILIO_ACCOUNT_SID === undefined ? {} : {accountSid: config.TWILIO_ACCOUNT_SID}),
  ...(config.SEED === undefined ? {} : {seed: config.SEED}),
});
const reports = await placeCalls(twilio, {
  calls: config.CALLS,
  ramp: config.RAMP_SECONDS * 1000,
  length: config.SECONDS * 1000,
  script: conversation({interrupt: config.INTERRUPT, rounds: 100, speaksFirst: config.SPEAKS_FIRST}),
  keepAudio: config.RECORD_DIR !== undefined,
  ...(config.FROM === undefined ? {} : {from: config.FROM}),
});
if (config.RECORD_DIR !== undefined) for (const report of reports) await saveCall(report, config.RECORD_DIR);
const {text, ok} = callsSummary(reports, twilio.lag);
process.stdout.write(`${text}\n`);
process.exitCode = ok ? 0 : 1;
clearInterval(alive);
