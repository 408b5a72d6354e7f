import type {Given} from '@voicebridge/shared/config/given.ts';
import type {Clock} from '@voicebridge/shared/time.ts';
import {checkAssistants} from './assistants.ts';
import {checkDatabase} from './database.ts';
import {checkEnvironment} from './environment.ts';
import type {Check} from './finding.ts';
import {checkClock, checkDescriptors, checkDisk} from './machine.ts';
import {checkModel} from './model.ts';
import {checkOutcomeModel} from './outcome-model.ts';
import {checkCertificates, checkEdge, checkWebhook} from './public-addresses.ts';
import {checkBus, checkQueue} from './redis.ts';
import type {DoctorSettings} from './settings.ts';
import {letInBy} from './trial-ticket.ts';
import {checkNumber} from './twilio-number.ts';

export interface CheckOptions {
  /** Whether the model may be asked for a word, which costs money. */
  readonly speak: boolean;
  /** Whether the number at Twilio may be changed. */
  readonly fix: boolean;
  readonly clock: Clock;
}

/** Everything that a call needs. */
export function allChecks(given: Given, settings: DoctorSettings, {speak, fix, clock}: CheckOptions): readonly Check[] {
  return [
    {name: 'environment', run: () => checkEnvironment(given)},
    {name: 'Redis', run: () => checkBus(settings)},
    {name: 'records’ queue', run: () => checkQueue(settings)},
    {name: 'database', run: () => checkDatabase(settings)},
    {name: 'webhook', run: () => checkWebhook(settings)},
    {name: 'edge', run: () => checkEdge(settings, letInBy(settings.redisUrl))},
    {name: 'certificates', run: () => checkCertificates(settings, clock.wall())},
    {name: 'Twilio number', run: () => checkNumber(settings, {fix})},
    {name: 'assistants', run: () => checkAssistants(settings)},
    {name: 'model', run: () => checkModel(settings.worker, {speak, clock})},
    {name: 'outcome model', run: () => checkOutcomeModel(settings.outcomeModel, {speak})},
    {name: 'clock', run: () => checkClock(settings, clock)},
    {name: 'descriptors', run: () => checkDescriptors(settings)},
    {name: 'disk', run: () => checkDisk(settings)},
  ];
}
