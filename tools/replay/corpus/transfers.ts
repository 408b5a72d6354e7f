import {transfer} from '@voicebridge/assistant';
import type {SceneOptions} from '../scene.ts';
import {oneTurn, say, withTools} from './replies.ts';

/** Calls whose caller is sent to a person. */
export const TRANSFERS: readonly SceneOptions[] = [
  {
    name: 'transfer-and-back',
    ...withTools({colleague: transfer({to: '+4722334455', when: 'The caller asks for a person.'})}),
    script: ({kind, number}) =>
      kind === 'turn' && number === 2
        ? [{call: {name: 'colleague', arguments: {summary: 'They want a person.'}}}]
        : say(2_000),
    async caller(scene) {
      await oneTurn(scene);
      await scene.waits(6_000);
      await scene.isTold();
      await scene.says(1_000);
      await scene.isTold();
      scene.hangsUp();
    },
  },
  {
    name: 'transfer-accepted',
    away: 'accepted',
    ...withTools({colleague: transfer({to: '+4722334455', when: 'The caller asks for a person.'})}),
    script: ({kind, number}) =>
      kind === 'turn' && number === 2
        ? [{call: {name: 'colleague', arguments: {summary: 'They want a person.'}}}]
        : say(2_000),
    async caller(scene) {
      await oneTurn(scene);
      await scene.waits(8_000);
    },
  },
  {
    name: 'operator-transfers',
    ...withTools({colleague: transfer({to: '+4722334455', when: 'The caller asks for a person.'})}),
    script: () => say(4_000),
    async caller(scene) {
      await scene.isTold();
      await scene.says(1_000);
      await scene.hears();
      await scene.waits(700);
      scene.bridge.session?.transfer('+4722334455', []);
      await scene.waits(8_000);
      await scene.isTold();
      scene.hangsUp();
    },
  },
];
