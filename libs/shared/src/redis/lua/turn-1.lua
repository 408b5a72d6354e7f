--[[
  turn: take the next turn, of which there is one in a while, on the clock of whoever asks.

  KEYS[1]  string: when the last turn was taken (Unix ms)
  ARGV[1]  now (Unix ms)   ARGV[2]  the time between two turns (ms)

  Returns  {0, when there is a turn} or {1}
]]
local now, every = tonumber(ARGV[1]), tonumber(ARGV[2])
local last = tonumber(redis.call("GET", KEYS[1]) or "0")
-- A last turn that is far in the future is of a clock that was wrong.
if last <= now + every and now < last + every then
  return {0, tostring(last + every)}
end
redis.call("SET", KEYS[1], ARGV[1], "PX", 86400000)
return {1}
