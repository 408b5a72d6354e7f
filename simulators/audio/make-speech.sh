#!/bin/sh
# Speaks every clip of clips.ts again, with espeak-ng and sox, as raw 8 kHz mu-law without leading or trailing silence.
set -eu
cd "$(dirname "$0")"

node --input-type=module --eval '
  import {clips} from "./clips.ts";
  for (const [name, {text}] of Object.entries(clips)) console.log(`${name}\t${text}`);
' | while IFS="$(printf '\t')" read -r name text; do
  case $name in
    caller-*) voice=en-gb-x-rp speed=165 pitch=35 ;;
    *) voice=en-us+f3 speed=170 pitch=55 ;;
  esac
  espeak-ng -v "$voice" -s "$speed" -p "$pitch" --stdout "$text" </dev/null |
    sox -t wav - -r 8000 -c 1 -e mu-law -t ul "$name.ulaw" \
      highpass 150 silence 1 0.02 1% reverse silence 1 0.02 1% reverse norm -2
done
