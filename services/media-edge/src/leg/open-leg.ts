import type {CallDirectory} from '@voicebridge/shared/call-directory/call-directory.ts';
import {background, type Log} from '@voicebridge/shared/observability/log.ts';
import type {OutageLog} from '@voicebridge/shared/observability/outage-log.ts';
import type {RefusalLog} from '@voicebridge/shared/observability/refusal-log.ts';
import type {Metrics} from '@voicebridge/shared/observability/metrics.ts';
import type {Clock} from '@voicebridge/shared/time.ts';
import {isHealth} from '@voicebridge/shared/service/http.ts';
import type {FirstLook} from '@voicebridge/shared/service/first-look.ts';
import type {RequestHead} from '@voicebridge/shared/service/request-head.ts';
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
  /** Whether Redis says which tickets are good. */
  readonly tickets: Pick<OutageLog, 'failed' | 'worked'>;
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

/** How handshakes are answered (ADR 16). */
export interface Handshakes<Request, Connection> {
  /** What can be said from the head alone, before the HTTP server reads the request (ADR 32). */
  readonly look: FirstLook;
  /** Refuses a handshake, cheapest check first, or opens a socket for the call of its ticket. */
  readonly answer: (request: Request, connection: Connection, head: Buffer) => Promise<void>;
}

export function answerHandshakes<Request extends RequestHead, Connection>(
  deps: DoorDeps<Request, Connection>,
): Handshakes<Request, Connection> {
  const {carrier, directory, proved, metrics, refusals, log, hasRoom, opened} = deps;

  const refused = ({reason, status}: Refusal): number => {
    metrics.socketsRefusedTotal.inc({reason});
    refusals.refused(reason, HINTS[reason]);
    return status;
  };

  const look: FirstLook = head => {
    // Health is for everybody, and all else that is no handshake for nobody.
    if (head.headers.upgrade === undefined) return isHealth(head) ? 'goesOn' : 404;
    const verdict = carrier.verifyUpgrade(head, hasRoom());
    return verdict.ok ? 'goesOn' : refused(verdict);
  };

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

  const answer = async (request: Request, connection: Connection, head: Buffer) => {
    const entrance = await enter(request);
    if ('reason' in entrance) return carrier.refuse(connection, refused(entrance));
    carrier.accept(request, connection, head, socket => {
      proved(connection);
      opened(socket, entrance);
    });
  };

  return {look, answer};
}
