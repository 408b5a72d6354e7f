import {execFile} from 'node:child_process';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {getCACertificates, setDefaultCACertificates} from 'node:tls';
import {promisify} from 'node:util';
import {Redis} from 'ioredis';
import {afterAll, beforeAll, describe, expect, test, vi} from 'vitest';
import {createLog} from '../observability/log.ts';
import {checkRedis} from './check-redis.ts';
import {openRedis} from './connect.ts';
import {findRedisBinary, freePort, startRedisBinary} from '../../../../tools/local-stack/redis/private-redis.ts';

const run = promisify(execFile);
const binary = await findRedisBinary();
const log = createLog('test', {level: 'silent'});

/** Whether this machine can make certificates, and its Redis was built with TLS. */
async function hasTls(): Promise<boolean> {
  try {
    await run('openssl', ['version']);
    const redis = await startRedisBinary(binary!, {settings: ['--tls-port', '0']});
    await redis.close();
    return true;
  } catch {
    return false;
  }
}

let folder = '';
const trusted = getCACertificates('default');

/** A certificate for `names`, signed by our own authority. */
async function certificate(name: string, alternatives: string): Promise<void> {
  const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`];
  await run('openssl', ['req', ...key, '-out', `${name}.csr`, '-subj', `/CN=${name}`], {cwd: folder});
  await writeFile(join(folder, 'san.cnf'), `subjectAltName=${alternatives}\n`);
  const by = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '1', '-extfile', 'san.cnf'];
  await run('openssl', ['x509', '-req', '-in', `${name}.csr`, '-out', `${name}.crt`, ...by], {cwd: folder});
}

/** A Redis Cluster of one node that announces itself by its IP address, with a certificate for a name. */
async function tlsCluster(name: string) {
  const tlsPort = await freePort();
  const files = ['--tls-cert-file', `${name}.crt`, '--tls-key-file', `${name}.key`, '--tls-ca-cert-file', 'ca.crt'];
  const [option, value] = [files.filter((_, index) => index % 2 === 0), files.filter((_, index) => index % 2 === 1)];
  const paths = option.flatMap((each, index) => [each, join(folder, value[index] ?? '')]);
  const tls = ['--tls-port', String(tlsPort), '--tls-cluster', 'yes', '--tls-auth-clients', 'no', ...paths];
  const cluster = ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1', '--cluster-port'];
  const server = await startRedisBinary(binary!, {settings: [...tls, ...cluster, String(await freePort())]});
  const plain = new Redis(server.port, '127.0.0.1');
  await plain.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  await vi.waitFor(async () => expect(String(await plain.call('CLUSTER', 'INFO'))).toContain('cluster_state:ok'), {
    timeout: 10_000,
  });
  plain.disconnect();
  return {tlsPort, [Symbol.asyncDispose]: () => server.close()};
}

describe.skipIf(!binary || !(await hasTls()))('a Redis Cluster with TLS that announces addresses', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'voicebridge-tls-'));
    const ca = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '1'];
    await run('openssl', ['req', ...ca, '-subj', '/CN=our own authority'], {cwd: folder});
    await certificate('localhost', 'DNS:localhost');
    await certificate('elsewhere', 'DNS:elsewhere.example.com');
    // As NODE_EXTRA_CA_CERTS does for a process.
    setDefaultCACertificates([...trusted, await readFile(join(folder, 'ca.crt'), 'utf8')]);
  });
  afterAll(async () => {
    setDefaultCACertificates(trusted);
    await rm(folder, {recursive: true, force: true});
  });

  test('is used by the name that the operator gave and the certificate carries', {timeout: 30_000}, async () => {
    await using cluster = await tlsCluster('localhost');
    const {url} = await checkRedis(`rediss://localhost:${cluster.tlsPort}`);
    const client = openRedis(url, 'commands', log);
    expect(await client.set('a', 'kept')).toBe('OK');
    expect(await client.get('a')).toBe('kept');
    client.disconnect();
  });

  test('is refused when its certificate is for another name', {timeout: 30_000}, async () => {
    await using cluster = await tlsCluster('elsewhere');
    const problem = await checkRedis(`rediss://localhost:${cluster.tlsPort}`).catch((thrown: unknown) => thrown);
    expect(String(problem)).toContain("Hostname/IP does not match certificate's altnames");
  });
});
