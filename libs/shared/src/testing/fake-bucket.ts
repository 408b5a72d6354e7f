import {createHash, createHmac} from 'node:crypto';
import {createServer, type IncomingMessage} from 'node:http';
import {buffer} from 'node:stream/consumers';

const REGION = 'eu-north-1';
export const BUCKET_KEY = {id: 'AKIDOFTESTS', secret: 'secret-of-tests'};

/**
 * An S3-compatible store in this process, with one bucket named `calls`. It checks the signature of each request as the
 * protocol describes it (AWS Signature Version 4), and answers as Amazon's store does.
 */
export class FakeBucket implements AsyncDisposable {
  readonly objects = new Map<string, Buffer>();
  readonly refused: string[] = [];
  /** Answers every request with 503. */
  isAway = false;
  readonly #server = createServer((request, response) => {
    void this.#answer(request).then(({status, body = '', headers = {}}) => {
      response.writeHead(status, headers).end(body);
    });
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
    if (this.isAway) return {status: 503};
    const problem = signatureProblem(request);
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
      this.objects.set(key, body);
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

function signatureProblem({method, url: target = '', headers}: IncomingMessage): string | undefined {
  const [, credential = '', names = '', signature = ''] =
    /^AWS4-HMAC-SHA256 Credential=(\S+?), ?SignedHeaders=(\S+?), ?Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    ) ?? [];
  const [id, day = '', region = '', service = ''] = credential.split('/');
  if (id !== BUCKET_KEY.id) return 'an unknown key';
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
