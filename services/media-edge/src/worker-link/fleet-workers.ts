import type {WorkerClient} from '@voicebridge/shared/rpc/worker-client.ts';
import type {Peers} from '@voicebridge/shared/liveness/peer-monitor.ts';
import type {MediaBus} from '@voicebridge/shared/bus/media-bus.ts';
import {assignCall, type AssignDeps} from '@voicebridge/shared/fleet/assign-call.ts';
import type {ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import {workerBeat} from '@voicebridge/shared/redis/keys.ts';
import type {Workers} from './workers.ts';

/** The workers of the fleet: they are asked over Redis, and their heartbeats say which of them are alive. */
export function fleetWorkers(
  deps: AssignDeps & {
    readonly id: ProcessId;
    readonly bus: MediaBus;
    readonly workerClient: WorkerClient;
    readonly peers: Peers;
  },
): Workers {
  const {id, workerClient, bus, peers} = deps;
  return {
    async attach({owner, callSid, epoch}, streamSid) {
      const {answer} = await workerClient.ask(owner, {type: 'attach', callSid, epoch, streamSid, edge: id});
      if (answer === 'noReceiver') peers.noReceiver(owner);
      return answer === 'yes' || answer === 'taken' || answer === 'unknown' ? answer : 'silent';
    },
    async assign(request) {
      const assigned = await assignCall(deps, request);
      return assigned.assigned ? assigned : undefined;
    },
    alive: worker => peers.verdict(worker) === 'alive',
    noReceiver: worker => peers.noReceiver(worker),
    onDead: (worker, run) => peers.onDead(worker, run),
    wellSince: () => bus.wellSince(),
    linkedSince: worker => bus.linkedSince(workerBeat(worker)),
  };
}
