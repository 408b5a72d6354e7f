--[[
  charge: add what an owner of a call has spent since its last charge, and renew the call's place among those in progress.

  KEYS[1]  the call: what each owner has spent, and "all"    KEYS[2]  what was spent today
  KEYS[3]  the caller's calls in progress    KEYS[4]  those of the number that is called
  ARGV[1]  the call    ARGV[2]  Unix milliseconds    ARGV[3]  for how many milliseconds it counts; 0: it is over
  ARGV[4]  the owner    ARGV[5]  all that it has spent
  ARGV[6]  seconds to keep the call    ARGV[7]  seconds to keep the day
  ARGV[8]  the fields of the assistant    ARGV[9]  of the day    ARGV[10]  of the caller; empty: withheld

  Returns  0 done; what was spent on the call, by the caller, by the assistant, today
]]
local more = tonumber(ARGV[5]) - tonumber(redis.call("HGET", KEYS[1], ARGV[4]) or "0")
local function add(key, field)
  if more > 0 and field ~= "" then return redis.call("HINCRBY", key, field, more) end
  return tonumber(redis.call("HGET", key, field) or "0")
end
local call = add(KEYS[1], "all")
local assistant = add(KEYS[2], ARGV[8])
local day = add(KEYS[2], ARGV[9])
local caller = add(KEYS[2], ARGV[10])
if more > 0 then
  redis.call("HSET", KEYS[1], ARGV[4], ARGV[5])
  redis.call("EXPIRE", KEYS[1], ARGV[6])
  redis.call("EXPIRE", KEYS[2], ARGV[7])
end
for i = 3, 4 do
  if ARGV[3] == "0" then
    redis.call("ZREM", KEYS[i], ARGV[1])
  else
    redis.call("ZADD", KEYS[i], tonumber(ARGV[2]) + tonumber(ARGV[3]), ARGV[1])
    redis.call("PEXPIRE", KEYS[i], ARGV[3])
  end
end
return {0, call, caller, assistant, day}
