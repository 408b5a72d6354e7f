--[[
  admit: count a call among those in progress, unless a limit is reached.

  KEYS[1]  what was spent today    KEYS[2]  the caller's calls in progress    KEYS[3]  those of the number that is called
  ARGV[1]  the call    ARGV[2]  Unix milliseconds    ARGV[3]  for how many milliseconds it counts
  ARGV[4]  the fields of the caller    ARGV[5]  of the assistant    ARGV[6]  of the day
  ARGV[7]  the limits of the caller    ARGV[8]  of the assistant    ARGV[9]  of the day; 0: none
  ARGV[10]  the most calls at a time of the caller    ARGV[11]  of the number; 0: any

  Returns  0 refused, 1 done; what was spent by the caller, the assistant, today; the other calls of the caller, of the number
]]
local spent = redis.call("HMGET", KEYS[1], ARGV[4], ARGV[5], ARGV[6])
local used = {}
for i = 1, 3 do used[i] = tonumber(spent[i] or "0") end
for i = 2, 3 do
  redis.call("ZREMRANGEBYSCORE", KEYS[i], "-inf", ARGV[2])
  local others = redis.call("ZCARD", KEYS[i])
  if redis.call("ZSCORE", KEYS[i], ARGV[1]) then others = others - 1 end
  used[i + 2] = others
end
local reply = {1, used[1], used[2], used[3], used[4], used[5]}
for i = 1, 5 do
  local most = tonumber(ARGV[6 + i])
  if most > 0 and used[i] >= most then
    reply[1] = 0
    return reply
  end
end
for i = 2, 3 do
  redis.call("ZADD", KEYS[i], tonumber(ARGV[2]) + tonumber(ARGV[3]), ARGV[1])
  redis.call("PEXPIRE", KEYS[i], ARGV[3])
end
return reply
