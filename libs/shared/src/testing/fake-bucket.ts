import {createHash, createHmac} from 'node:crypto';
import {createServer, type IncomingMessage} from 'node:http';
import {buffer} from 'node:stream/consumers';

const REGION = 'eu-north-1';
export const BUCKET_KEY = {id: 'AKIDOFTESTS', secret: 'secret-of-tests'};

/**
 * What is wrong with the store: it answers 503; it takes nothing more; it takes a request and never answers; the connection is cut in the
 * middle of what is sent.
 */
export type BucketFault = 'away' | 'full' | 'silent' | 'cuts';

/**
 * An S3-compatible store in this process, with one bucket named `calls`. It checks each request as the protocol describes it (AWS
 * Signature Version 4): the signature, what it must cover, the hash of the body and the time. It answers as Amazon's store does, and shares no
 * code with the product. An object is there when all of it has come.
 */
export class FakeBucket implements AsyncDisposable {
  readonly objects = new Map<string, Buffer>();
  readonly refused: string[] = [];
  fault: BucketFault | undefined;
  /** How often each object was stored. */
  readonly puts = new Map<string, number>();
  /** Waits before it stores an object. */
  beforePut: (key: string) => Promise<void> = async () => {};
  readonly #server = createServer((request, response) => {
    if (this.fault === 'cuts') {
      request.once('data', () => request.socket.destroy());
      return;
    }
    const answered = this.#answer(request).then(({status, body = '', headers = {}}) => {
      if (this.fault !== 'silent') response.writeHead(status, headers).end(body);
    });
    // Whoever asked is gone.
    void answered.catch(() => response.destroy());
  });
  #port = 0;

  static async open(): Promise<FakeBucket> {
    const bucket = new FakeBucket();
    await new Promise<void>(resolve => bucket.#server.listen(0, '127.0.0.1', resolve));
    const address = bucket.#server.address();
    bucket.#port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    return bucket;
  }

  /** As RECORDINGS_URL. */
  get url(): string {
    return `s3://calls/by-day?region=${REGION}&endpoint=http://127.0.0.1:${this.#port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise(resolve => this.#server.close(resolve));
  }

  async #answer(
    request: IncomingMessage,
  ): Promise<{status: number; body?: string | Buffer; headers?: Record<string, string>}> {
    const body = await buffer(request);
    if (this.fault === 'away') return {status: 503};
    const problem = problemOf(request, body);
    if (problem !== undefined) {
      this.refused.push(problem);
      return {status: 403, body: `<Error><Code>SignatureDoesNotMatch</Code></Error>`, headers: XML};
    }
    const url = new URL(request.url ?? '', 'http://x');
    const [, bucket, ...path] = url.pathname.split('/');
    if (bucket !== 'calls') return {status: 404, headers: XML, body: '<Error><Code>NoSuchBucket</Code></Error>'};
    const key = decodeURIComponent(path.join('/'));
    if (key === '') return {status: 200, headers: XML, body: this.#listing(url.searchParams.get('prefix') ?? '')};
    if (request.method === 'PUT') {
      if (this.fault === 'full')
        return {status: 507, headers: XML, body: '<Error><Code>XMinioStorageFull</Code></Error>'};
      await this.beforePut(key);
      this.objects.set(key, body);
      this.puts.set(key, (this.puts.get(key) ?? 0) + 1);
      return {status: 200, headers: {etag: '"1"'}};
    }
    if (request.method === 'DELETE') {
      this.objects.delete(key);
      return {status: 204};
    }
    const object = this.objects.get(key);
    if (!object) return {status: 404, headers: XML, body: '<Error><Code>NoSuchKey</Code></Error>'};
    const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    if (Number(from) >= object.length)
      return {status: 416, headers: XML, body: '<Error><Code>InvalidRange</Code></Error>'};
    return {status: 206, body: object.subarray(Number(from), to === '' ? undefined : Number(to) + 1)};
  }

  #listing(prefix: string): string {
    const found = [...this.objects].filter(([key]) => key.startsWith(prefix)).toSorted(([a], [b]) => (a < b ? -1 : 1));
    const contents = found.map(([key, body]) => `<Contents><Key>${key}</Key><Size>${body.length}</Size></Contents>`);
    return `<ListBucketResult><IsTruncated>false</IsTruncated>${contents.join('')}</ListBucketResult>`;
  }
}

const XML = {'content-type': 'application/xml'};
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();

/** A request that is signed at another time than so long ago is refused. */
const SKEW_MS = 15 * 60_000;

function problemOf(request: IncomingMessage, body: Buffer): string | undefined {
  const {headers} = request;
  const [, names = ''] = /SignedHeaders=([^,\s]+)/.exec(headers.authorization ?? '') ?? [];
  const covered = names.split(';');
  const mustCover = ['host', ...Object.keys(headers).filter(name => name.startsWith('x-amz-'))];
  const uncovered = mustCover.find(name => !covered.includes(name));
  if (uncovered !== undefined) return `${uncovered} is not signed`;
  const hash = headers['x-amz-content-sha256'];
  const isSigned = hash === 'UNSIGNED-PAYLOAD' || hash === createHash('sha256').update(body).digest('hex');
  if (!isSigned) return 'the body is not what was signed';
  const stamp = String(headers['x-amz-date']).replace(
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/,
    '$1-$2-$3T$4:$5:$6Z',
  );
  if (!(Math.abs(Date.parse(stamp) - Date.now()) < SKEW_MS)) return 'it was not signed now';
  return signatureProblem(request);
}

function signatureProblem({method, url: target = '', headers}: IncomingMessage): string | undefined {
  const [, credential = '', names = '', signature = ''] =
    /^AWS4-HMAC-SHA256 Credential=(\S+?), ?SignedHeaders=(\S+?), ?Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    ) ?? [];
  const [id, day = '', region = '', service = ''] = credential.split('/');
  if (id !== BUCKET_KEY.id) return 'an unknown key';
  if (region !== REGION || service !== 's3') return `it is signed for ${region}/${service}`;
  if (!String(headers['x-amz-date']).startsWith(day)) return 'the day of the key is another one';
  const url = new URL(target, 'http://x');
  const query = [...url.searchParams]
    .map(pair => pair.map(encoded).join('='))
    .toSorted()
    .join('&');
  const signed = names.split(';').map(name => `${name}:${String(headers[name]).trim()}\n`);
  const request = [method, url.pathname, query, signed.join(''), names, headers['x-amz-content-sha256']].join('\n');
  const scope = [day, region, service, 'aws4_request'].join('/');
  const digest = createHash('sha256').update(request).digest('hex');
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, digest].join('\n');
  const keys = [day, region, service, 'aws4_request'];
  const key = keys.reduce<string | Buffer>((before, part) => hmac(before, part), `AWS4${BUCKET_KEY.secret}`);
  return hmac(key, text).toString('hex') === signature ? undefined : `a wrong signature of ${method} ${target}`;
}

const encoded = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, sign => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
