/**
 * Where a number may ring: the time zones of its country code, the earliest and the latest of those that have several. A
 * call that is allowed in all of them is allowed. Mobile phones travel; whoever knows better says the zone.
 */
const ZONES: Readonly<Record<string, readonly string[]>> = {
  1: ['America/St_Johns', 'America/New_York', 'America/Los_Angeles', 'America/Anchorage', 'Pacific/Honolulu'],
  7: ['Europe/Kaliningrad', 'Europe/Moscow', 'Asia/Almaty', 'Asia/Kamchatka'],
  20: ['Africa/Cairo'],
  27: ['Africa/Johannesburg'],
  30: ['Europe/Athens'],
  31: ['Europe/Amsterdam'],
  32: ['Europe/Brussels'],
  33: ['Europe/Paris'],
  34: ['Europe/Madrid', 'Atlantic/Canary'],
  36: ['Europe/Budapest'],
  39: ['Europe/Rome'],
  40: ['Europe/Bucharest'],
  41: ['Europe/Zurich'],
  43: ['Europe/Vienna'],
  44: ['Europe/London'],
  45: ['Europe/Copenhagen'],
  46: ['Europe/Stockholm'],
  47: ['Europe/Oslo'],
  48: ['Europe/Warsaw'],
  49: ['Europe/Berlin'],
  51: ['America/Lima'],
  52: ['America/Cancun', 'America/Mexico_City', 'America/Tijuana'],
  54: ['America/Argentina/Buenos_Aires'],
  55: ['America/Noronha', 'America/Sao_Paulo', 'America/Rio_Branco'],
  56: ['America/Santiago', 'Pacific/Easter'],
  57: ['America/Bogota'],
  60: ['Asia/Kuala_Lumpur'],
  61: ['Australia/Sydney', 'Australia/Adelaide', 'Australia/Perth'],
  62: ['Asia/Jakarta', 'Asia/Jayapura'],
  63: ['Asia/Manila'],
  64: ['Pacific/Auckland', 'Pacific/Chatham'],
  65: ['Asia/Singapore'],
  66: ['Asia/Bangkok'],
  81: ['Asia/Tokyo'],
  82: ['Asia/Seoul'],
  84: ['Asia/Ho_Chi_Minh'],
  86: ['Asia/Shanghai'],
  90: ['Europe/Istanbul'],
  91: ['Asia/Kolkata'],
  92: ['Asia/Karachi'],
  94: ['Asia/Colombo'],
  212: ['Africa/Casablanca'],
  213: ['Africa/Algiers'],
  216: ['Africa/Tunis'],
  234: ['Africa/Lagos'],
  254: ['Africa/Nairobi'],
  351: ['Europe/Lisbon', 'Atlantic/Azores'],
  352: ['Europe/Luxembourg'],
  353: ['Europe/Dublin'],
  354: ['Atlantic/Reykjavik'],
  355: ['Europe/Tirane'],
  356: ['Europe/Malta'],
  357: ['Asia/Nicosia'],
  358: ['Europe/Helsinki'],
  359: ['Europe/Sofia'],
  370: ['Europe/Vilnius'],
  371: ['Europe/Riga'],
  372: ['Europe/Tallinn'],
  380: ['Europe/Kyiv'],
  381: ['Europe/Belgrade'],
  385: ['Europe/Zagreb'],
  386: ['Europe/Ljubljana'],
  420: ['Europe/Prague'],
  421: ['Europe/Bratislava'],
  852: ['Asia/Hong_Kong'],
  886: ['Asia/Taipei'],
  966: ['Asia/Riyadh'],
  971: ['Asia/Dubai'],
  972: ['Asia/Jerusalem'],
};

/** The zones in which this number may ring; undefined: its country is not known here. */
export function zonesOf(number: string): readonly string[] | undefined {
  const digits = number.replace(/^\+/, '');
  for (const length of [1, 2, 3]) {
    const zones = ZONES[digits.slice(0, length)];
    if (zones) return zones;
  }
  return undefined;
}

export function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', {timeZone: name}).format(0) !== '';
  } catch {
    return false;
  }
}
