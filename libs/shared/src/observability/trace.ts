import {
  type Attributes,
  type Context,
  diag,
  DiagLogLevel,
  type HrTime,
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import {randomBytes} from 'node:crypto';
import library from '../../package.json' with {type: 'json'};
import type {Log} from './log.ts';
import {TRACEPARENT, traceIdOf} from './traceparent.ts';

const KINDS = {internal: SpanKind.INTERNAL, server: SpanKind.SERVER, consumer: SpanKind.CONSUMER} as const;

/** The facts of a span. A CallSid is allowed, unlike in a metric; telephone numbers and words of a call are not. */
export type SpanFacts = Readonly<Attributes>;

/** A moment in a span, Unix milliseconds. */
export interface SpanEvent {
  readonly name: string;
  readonly at: number;
  readonly facts?: SpanFacts;
}

export interface OpenSpan {
  /** The traceparent for the next process, so that its spans belong to the same trace. */
  readonly traceparent: string;
  /** Ends the span. Only the first call counts. `failed` is the reason of a failure. */
  end(at: number, what?: {readonly facts?: SpanFacts; readonly failed?: string | undefined}): void;
}

/**
 * Creates spans. A span is begun and ended by facts that are known already, never around code that carries audio;
 * moments are Unix milliseconds. Without a collector nothing is kept or sent, and the trace still has its id, for logs
 * and for the next processes.
 */
export interface Traces extends AsyncDisposable {
  begin(
    name: string,
    span: {
      readonly at: number;
      /** The traceparent of the caller of this operation; without a readable one the span begins a new trace. */
      readonly parent?: string | null | undefined;
      readonly kind?: keyof typeof KINDS;
      readonly facts?: SpanFacts;
      readonly events?: readonly SpanEvent[];
    },
  ): OpenSpan;
}

/** Spans go to the OpenTelemetry SDK that the program has loaded; by default there is none. */
export const quietTraces: Traces = tracesOf(trace.getTracer('voicebridge'), async () => {});

/** Sends spans to an OTLP/HTTP endpoint. The SDK is loaded only here; without an endpoint nothing is. */
export async function openTraces(service: string, endpoint: string | undefined, log: Log): Promise<Traces> {
  if (endpoint === undefined) return quietTraces;
  const [{BatchSpanProcessor, TracerProvider}, {resourceFromAttributes}, {OTLPTraceExporter}] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ]);
  const complain = (message: string) => log.warn({detail: message}, 'traces cannot be sent');
  const ignore = () => {};
  diag.setLogger(
    {error: complain, warn: complain, info: ignore, debug: ignore, verbose: ignore},
    {logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true},
  );
  const exporter = new OTLPTraceExporter({url: `${endpoint}/v1/traces`, timeoutMillis: 2_000});
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': service,
      'service.namespace': 'voicebridge',
      'service.version': library.version,
    }),
    spanProcessors: [new BatchSpanProcessor({exporter, scheduledDelayMillis: 1_000, exportTimeoutMillis: 2_000})],
  });
  return tracesOf(provider.getTracer('voicebridge', library.version), async () => {
    await provider.shutdown().catch((thrown: unknown) => log.warn({err: thrown}, 'the last traces are lost'));
  });
}

function tracesOf(tracer: Tracer, close: () => Promise<void>): Traces {
  return {
    begin(name, {at, parent, kind = 'internal', facts = {}, events = []}) {
      const context = contextOf(parent);
      const span = tracer.startSpan(
        name,
        {kind: KINDS[kind], startTime: moment(at), attributes: facts, root: context === ROOT_CONTEXT},
        context,
      );
      for (const event of events) span.addEvent(event.name, event.facts ?? {}, moment(event.at));
      const {traceId, spanId, traceFlags} = span.spanContext();
      const isReal = span.isRecording() && isSpanContextValid(span.spanContext());
      return {
        traceparent: isReal
          ? `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
          : `00-${traceIdOf(parent) ?? randomId(16)}-${randomId(8)}-01`,
        end(endedAt, what = {}) {
          if (what.facts) span.setAttributes(what.facts);
          if (what.failed !== undefined) span.setStatus({code: SpanStatusCode.ERROR, message: what.failed});
          span.end(moment(Math.max(at, endedAt)));
        },
      };
    },
    [Symbol.asyncDispose]: close,
  };
}

function contextOf(traceparent: string | null | undefined): Context {
  const [, traceId = '', spanId = '', flags = ''] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  const parent = {traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true};
  return isSpanContextValid(parent) ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
}

/** Not a number: those that lie before the start of this process would be taken for something else. */
function moment(unixMs: number): HrTime {
  return [Math.floor(unixMs / 1_000), Math.floor((unixMs % 1_000) * 1_000_000)];
}

function randomId(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}
