import type {Env} from '@voicebridge/shared/config/config.ts';
import {TestEdge} from './test-edge.ts';
import {TwilioClient} from './twilio-client.ts';

/** An edge with a call of `other`'s on it, which must not be affected by anything that happens to another socket. */
export async function busyEdge(env: Env = {}) {
  const harness = await TestEdge.start(env);
  const worker = await harness.worker();
  const other = await harness.bridged(worker);
  return {
    harness,
    worker,
    other,

    /** The other call still works, both ways. */
    expectUnharmed: async () => {
      const {streamSid} = other;
      const spoken = other.speak();
      await harness.until(() => worker.audio(1, streamSid).at(-1) === spoken, 'the other caller is heard');
      const got = other.got.length;
      worker.say({kind: 'mark', name: 'still here'}, 1, streamSid);
      await harness.until(() => other.got.length > got, 'the other caller hears');
    },

    closed: (caller: TwilioClient) =>
      harness.until(() => caller.socket.readyState === caller.socket.CLOSED, 'the socket is closed'),

    refusals: () => harness.metric('sockets_refused_total'),

    /** A socket with a ticket of its own on which nothing has been sent yet. */
    newSocket: async () => {
      const {callSid, ticket} = await harness.call(worker);
      return TwilioClient.signed(harness.edge.port, ticket, callSid).open();
    },
  };
}
