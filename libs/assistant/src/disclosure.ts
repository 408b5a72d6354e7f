/** What somebody who is called hears first where the assistant does not say it in its own words, by language. */
const SENTENCES: Readonly<Record<string, string>> = {
  en: 'Hello, this is an automated call. You are speaking with a machine, not with a person.',
  nb: 'Hei, dette er en automatisk oppringning. Du snakker med en maskin, ikke med et menneske.',
  nn: 'Hei, dette er ei automatisk oppringing. Du snakkar med ei maskin, ikkje med eit menneske.',
  sv: 'Hej, det här är ett automatiskt samtal. Du talar med en maskin, inte med en människa.',
  da: 'Hej, dette er et automatisk opkald. Du taler med en maskine, ikke med et menneske.',
  fi: 'Hei, tämä on automaattinen puhelu. Puhut koneen kanssa, et ihmisen.',
  de: 'Guten Tag, dies ist ein automatischer Anruf. Sie sprechen mit einer Maschine, nicht mit einem Menschen.',
  nl: 'Hallo, dit is een automatische oproep. U spreekt met een machine, niet met een mens.',
  fr: 'Bonjour, ceci est un appel automatique. Vous parlez à une machine, et non à une personne.',
  es: 'Hola, esta es una llamada automática. Está hablando con una máquina, no con una persona.',
  pt: 'Olá, esta é uma chamada automática. Está a falar com uma máquina, não com uma pessoa.',
  it: 'Buongiorno, questa è una chiamata automatica. Sta parlando con una macchina, non con una persona.',
  pl: 'Dzień dobry, to jest połączenie automatyczne. Rozmawia Pan lub Pani z maszyną, a nie z człowiekiem.',
};

const ENGLISH = SENTENCES['en'] ?? '';

/** That a machine speaks, in the language of an assistant: `nb`, `en-GB`; English if it has none, or one that is not here. */
export function usualDisclosure(language: string | null): string {
  const [base = ''] = (language ?? 'en').split('-');
  return SENTENCES[base === 'no' ? 'nb' : base] ?? ENGLISH;
}

/**
 * What is said first on a call, word for word; undefined: nothing of the kind. `own`: what the assistant says of it;
 * false: it says nothing, and answers for that. Whoever is called is told that a machine speaks, if nobody says otherwise.
 */
export function disclosureOf(
  own: string | false | undefined,
  {direction, language}: {readonly direction: string; readonly language: string | null},
): string | undefined {
  if (own === false) return undefined;
  return own ?? (direction === 'outbound' ? usualDisclosure(language) : undefined);
}
