/**
 * What published clients that speak Media Streams without being Twilio send, rewritten, with ids of the same shapes: test
 * scripts, softphones in a browser or on a desktop, load generators.
 */
export interface OtherPhone {
  readonly name: string;
  /** Its name for the stream, if it has one. */
  readonly stream?: string;
  /** Its id of the call, if it has one. */
  readonly call?: string;
  /** All messages that it sends before its audio. */
  readonly hello: readonly object[];
  /** The message of one frame of speech. `frame` counts from 0. */
  readonly speak: (payload: string, frame: number) => object;
  /** Bytes of audio in a frame. */
  readonly frameBytes: number;
}

const connected = {event: 'connected', protocol: 'Call', version: '1.0.0'};
const mulaw = {encoding: 'audio/x-mulaw', sampleRate: 8_000, channels: 1};
const bare = (payload: string) => ({event: 'media', media: {payload}});

export const OTHER_PHONES: readonly OtherPhone[] = [
  {
    name: 'a ten-line script that knows only a call',
    call: 'TEST-CALL',
    hello: [{event: 'start', start: {callSid: 'TEST-CALL'}}],
    speak: bare,
    frameBytes: 1_000,
  },
  {
    name: 'a ten-line script that knows only a stream',
    stream: '1234',
    hello: [{event: 'connected'}, {event: 'start', streamSid: '1234'}],
    speak: bare,
    frameBytes: 160,
  },
  {
    name: 'a script without connected, whose ids have words in them',
    stream: 'stream_12345',
    call: 'call_simulation_123',
    hello: [
      {
        event: 'start',
        start: {
          streamSid: 'stream_12345',
          callSid: 'call_simulation_123',
          customParameters: {agentId: 'support_bot_01', retries: 3, vip: true, nothing: null},
        },
      },
    ],
    speak: payload => ({event: 'media', streamSid: 'stream_12345', media: {payload}}),
    frameBytes: 320,
  },
  {
    name: 'a client in a browser, which calls call and stream the same',
    stream: 'mock_stream',
    call: 'mock_stream',
    hello: [
      connected,
      {event: 'start', start: {accountSid: 'mock_account', streamSid: 'mock_stream', callSid: 'mock_stream'}},
    ],
    speak: payload => ({event: 'media', streamSid: 'mock_stream', media: {payload}}),
    frameBytes: 160,
  },
  {
    name: 'a load generator with both tracks and fields of its own',
    stream: 'load-stream-1',
    call: 'CA_load_call',
    hello: [
      {
        event: 'start',
        sequenceNumber: '1',
        start: {
          accountSid: 'AC_load',
          streamSid: 'load-stream-1',
          callSid: 'CA_load_call',
          tracks: ['inbound', 'outbound'],
          customParameters: {bot: 'b1'},
          direction: 'testing',
          from: '9944421124',
        },
      },
    ],
    speak: (payload, frame) => ({
      event: 'media',
      sequenceNumber: frame + 2,
      media: {track: 'inbound', chunk: frame + 1, timestamp: frame * 20, payload},
      streamSid: 'load-stream-1',
    }),
    frameBytes: 160,
  },
  {
    name: 'a softphone with a microphone, which calls the audio PCMU and never counts',
    stream: 'LOCAL_MIC_4F9AZ2',
    call: 'LOCAL_CALL_1',
    hello: [
      connected,
      {
        event: 'start',
        streamSid: 'LOCAL_MIC_4F9AZ2',
        start: {
          streamSid: 'LOCAL_MIC_4F9AZ2',
          callSid: 'LOCAL_CALL_1',
          mediaFormat: {encoding: 'PCMU', sampleRate: '8000', channels: '1'},
          tracks: {inbound: {codec: 'PCMU'}},
        },
      },
    ],
    speak: payload => ({
      event: 'media',
      streamSid: 'LOCAL_MIC_4F9AZ2',
      media: {track: 'inbound', chunk: '1', timestamp: '0', payload},
    }),
    frameBytes: 160,
  },
  {
    name: 'a test harness whose clock is the wall clock, in fractions',
    stream: 'test-stream-1764350000000',
    call: '1764350000000',
    hello: [
      {
        event: 'start',
        sequenceNumber: 0,
        streamSid: 'test-stream-1764350000000',
        start: {
          streamSid: 'test-stream-1764350000000',
          callSid: 1_764_350_000_000,
          mediaFormat: {...mulaw, encoding: 'mulaw'},
          customParameters: [],
        },
      },
    ],
    speak: (payload, frame) => ({
      event: 'media',
      streamSid: 'another-name-than-before',
      media: {timestamp: 1_764_350_000_000.25 + frame * 20, payload},
    }),
    frameBytes: 160,
  },
  {
    name: 'a relay that writes times as dates and sends what it plays, too',
    stream: 'MZ_relay',
    call: 'CA_relay',
    hello: [connected, {event: 'start', start: {streamSid: 'MZ_relay', callSid: 'CA_relay', mediaFormat: mulaw}}],
    speak: (payload, frame) => ({
      event: 'media',
      streamSid: 'MZ_relay',
      media: {track: 'inbound', timestamp: new Date(frame * 20).toISOString(), payload},
    }),
    frameBytes: 160,
  },
];
