import type {CallDirectory} from '@voicebridge/shared/call-directory/call-directory.ts';
import {background, type Log} from '@voicebridge/shared/observability/log.ts';
import type {RefusalLog} from '@voicebridge/shared/observability/refusal-log.ts';
import type {Metrics} from '@voicebridge/shared/observability/metrics.ts';
import type {Clock} from '@voicebridge/shared/time.ts';
import type {Carrier, CarrierSocket} from '../carriers/carrier.ts';
import type {Entrance} from './admit-stream.ts';
import {redeemTicket} from './redeem-ticket.ts';
import {SpentTickets} from './spent-tickets.ts';

export interface DoorDeps<Request, Connection> {
  readonly carrier: Carrier<Request, Connection>;
  readonly directory: Pick<CallDirectory, 'takeTicket' | 'putTicket'>;
  /** This connection is no stranger's any more. */
  readonly proved: (connection: Connection) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly refusals: Pick<RefusalLog, 'refused'>;
  /** Whether this edge may hold one more call. */
  readonly hasRoom: () => boolean;
  /** A socket was opened for a call; in the turn of the event loop in which it exists. */
  readonly opened: (socket: CarrierSocket, entrance: Entrance) => void;
}

/** Why a socket is not opened, and the HTTP status that says so. */
interface Refusal {
  readonly status: number;
  readonly reason: string;
}

/** Not 403, so that npm run doctor can tell a ticket that is none from a signature that is wrong. */
const SPENT: Refusal = {status: 410, reason: 'ticket'};
const FULL: Refusal = {status: 503, reason: 'full'};
const REDIS_AWAY: Refusal = {status: 503, reason: 'redis'};

/** What an operator may have done wrong. */
const HINTS: Readonly<Record<string, string>> = {signature: 'is TWILIO_AUTH_TOKEN or PUBLIC_EDGE_URL wrong?'};

/** The answer to each handshake: refused, cheapest check first, or opened for the call of its ticket (ADR 16). */
export function answerHandshakes<Request, Connection>(
  deps: DoorDeps<Request, Connection>,
): (request: Request, connection: Connection, head: Buffer) => Promise<void> {
  const {carrier, directory, proved, metrics, refusals, log, hasRoom, opened} = deps;

  const spent = new SpentTickets();

  const enter = async (request: Request): Promise<Entrance | Refusal> => {
    const verdict = carrier.verifyUpgrade(request, hasRoom());
    if (!verdict.ok) return verdict;
    const {ticket} = verdict;
    if (spent.has(ticket)) return SPENT;
    const redeemed = await redeemTicket(ticket, deps);
    if (redeemed.by === 'nothing' && redeemed.why === 'unknown') return REDIS_AWAY;
    if (redeemed.by !== 'nothing' && !hasRoom()) {
      // The last place went to another handshake meanwhile: this one may come again.
      if (redeemed.by === 'ticket')
        background(directory.putTicket(redeemed.ticket, redeemed.grant), log, 'give a ticket back');
      return FULL;
    }
    spent.add(ticket);
    return redeemed.by === 'nothing' ? SPENT : redeemed;
  };

  return async (request, connection, head) => {
    const entrance = await enter(request);
    if ('reason' in entrance) {
      metrics.socketsRefusedTotal.inc({reason: entrance.reason});
      refusals.refused(entrance.reason, HINTS[entrance.reason]);
      return carrier.refuse(connection, entrance.status);
    }
    carrier.accept(request, connection, head, socket => {
      proved(connection);
      opened(socket, entrance);
    });
  };
}
