import {expect, test} from 'vitest';
import {junitXml} from './junit.ts';

test('a CI reads which files failed and why', () => {
  const failures = [{expected: 'the caller hears /"a" < b/', came: '“a & b”'}];
  const xml = junitXml([
    {file: 'reception.call.yaml', seconds: 12.3456, failures: []},
    {file: 'survey.call.ts', seconds: 1, failures},
  ]);
  expect(xml).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="rehearse" tests="2" failures="1">
  <testcase name="reception.call.yaml" classname="rehearse" time="12.346"/>
  <testcase name="survey.call.ts" classname="rehearse" time="1.000">
    <failure message="expected the caller hears /&quot;a&quot; &lt; b/">came: “a &amp; b”</failure>
  </testcase>
</testsuite>
`);
});
