import type {Asker} from '@voicebridge/shared/rpc/worker-client.ts';
import type {Peers} from '@voicebridge/shared/liveness/peer-monitor.ts';
import type {MediaBus} from '@voicebridge/shared/bus/media-bus.ts';
import {pinCall, type PinDeps} from '@voicebridge/shared/fleet/assign-call.ts';
import type {ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import type {OwnerDesk} from './workers.ts';

/** The desk of life: asks workers through their inboxes, and believes their heartbeats. */
export function fleetDesk(
  deps: PinDeps & {readonly id: ProcessId; readonly bus: MediaBus; readonly asker: Asker; readonly peers: Peers},
): OwnerDesk {
  const {id, asker, bus, peers} = deps;
  return {
    async introduce({owner, callSid, epoch}, streamSid) {
      const {answer} = await asker.ask(owner, {type: 'attach', callSid, epoch, streamSid, edge: id});
      if (answer === 'noReceiver') peers.noReceiver(owner);
      return answer === 'yes' || answer === 'taken' || answer === 'unknown' ? answer : 'silent';
    },
    async pin(request) {
      const pinned = await pinCall(deps, request);
      return pinned.pinned ? pinned : undefined;
    },
    alive: worker => peers.verdict(worker) === 'alive',
    noReceiver: worker => peers.noReceiver(worker),
    whenDead: (worker, run) => peers.onDead(worker, run),
    wellSince: () => bus.wellSince(),
    linkedSince: () => bus.linkedSince(),
  };
}
