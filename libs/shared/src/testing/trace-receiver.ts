import {createServer} from 'node:http';
import {z} from 'zod';

const Value = z.object({
  stringValue: z.string().optional(),
  intValue: z.number().optional(),
  boolValue: z.boolean().optional(),
});
const Attributes = z.array(z.object({key: z.string(), value: Value}));
const Span = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  startTimeUnixNano: z.string(),
  endTimeUnixNano: z.string(),
  attributes: Attributes,
  events: z.array(z.object({name: z.string(), timeUnixNano: z.string()})),
  status: z.object({code: z.number(), message: z.string().optional()}),
});
const Export = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({attributes: Attributes}),
      scopeSpans: z.array(z.object({spans: z.array(Span)})),
    }),
  ),
});

/** A span as a collector receives it. */
export type ReceivedSpan = z.infer<typeof Span> & {readonly service: string};

/** A collector that keeps spans in memory: OTLP over HTTP, as JSON. */
export interface TraceReceiver extends AsyncDisposable {
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
}

export async function openTraceReceiver(): Promise<TraceReceiver> {
  const spans: ReceivedSpan[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => void chunks.push(chunk));
    request.on('end', () => {
      const body = Export.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
      for (const {resource, scopeSpans} of body.resourceSpans) {
        const service = resource.attributes.find(({key}) => key === 'service.name')?.value.stringValue ?? '';
        for (const span of scopeSpans.flatMap(scope => scope.spans)) spans.push({...span, service});
      }
      response.writeHead(200, {'content-type': 'application/json'}).end('{}');
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>(resolve => server.close(() => resolve()));
    },
  };
}
