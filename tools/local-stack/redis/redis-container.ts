import {startContainer, type RunningContainer} from '../containers.ts';
import {freePorts} from './private-redis.ts';

/** A Redis, or a Cluster of it, in a container. */
export interface RedisContainer extends AsyncDisposable, Pick<RunningContainer, 'onLost'> {
  /** With commas in it if it is a Cluster. */
  readonly url: string;
}

/** One Redis that writes nothing to disk. */
export async function startRedisContainer(image: string): Promise<RedisContainer> {
  const container = await startContainer(image, {
    ports: [6379],
    command: ['redis-server', '--protected-mode', 'no', '--save', ''],
    readyLine: /Ready to accept connections/,
  });
  return {...container, url: `redis://${container.host}:${container.portOf(6379)}`};
}

const MASTERS = 3;

/**
 * A Cluster of three masters and three replicas in one container. Its nodes name themselves by the ports of this machine,
 * so that clients find here what nodes find in there.
 */
export async function startClusterContainer(image: string): Promise<RedisContainer> {
  const ports = await freePorts(2 * MASTERS);
  const container = await startContainer(image, {
    ports: ports.map(port => ({container: port, host: port})),
    command: ['sh', '-c', clusterScript(ports)],
    readyLine: /the Cluster is formed/,
  });
  const masters = ports.slice(0, MASTERS).map(port => `redis://127.0.0.1:${port}`);
  return {...container, url: masters.join()};
}

function clusterScript(ports: readonly number[]): string {
  const node = `redis-server --port $port --cluster-port $((port - 20000)) --dir /tmp/$port --protected-mode no --save ''
    --cluster-enabled yes --cluster-node-timeout 1000 --cluster-announce-ip 127.0.0.1 --repl-diskless-sync-delay 0`;
  const addresses = ports.map(port => `127.0.0.1:${port}`).join(' ');
  return `
    for port in ${ports.join(' ')}; do mkdir /tmp/$port; ${node.replaceAll('\n', ' ')} & done
    for port in ${ports.join(' ')}; do until redis-cli -p $port ping 2>/dev/null | grep -q PONG; do sleep 0.1; done; done
    redis-cli --cluster create ${addresses} --cluster-replicas 1 --cluster-yes
    for port in ${ports.join(' ')}; do
      until redis-cli -p $port cluster info | grep -q cluster_state:ok; do sleep 0.1; done
    done
    echo the Cluster is formed
    wait`;
}
