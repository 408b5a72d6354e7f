--[[
  swap-out: change a call that is to be made, if nobody else has changed it meanwhile.

  KEYS[1]  hash: the call
  KEYS[2]  sorted set: calls by the time at which somebody must look at them
  KEYS[3]  set: calls that are being made or talked on
  ARGV[1]  the version that was read   ARGV[2]  the call as JSON   ARGV[3]  its id   ARGV[4]  when it is due, "" for never
  ARGV[5]  "1" if it is being made or talked on   ARGV[6]  lifetime of the call (ms)

  Returns  {0} somebody was faster, {1} done
]]
if redis.call("HGET", KEYS[1], "version") ~= ARGV[1] then
  return {0}
end
redis.call("HSET", KEYS[1], "version", ARGV[1] + 1, "call", ARGV[2])
redis.call("PEXPIRE", KEYS[1], ARGV[6])
if ARGV[4] == "" then
  redis.call("ZREM", KEYS[2], ARGV[3])
else
  redis.call("ZADD", KEYS[2], ARGV[4], ARGV[3])
end
if ARGV[5] == "1" then
  redis.call("SADD", KEYS[3], ARGV[3])
else
  redis.call("SREM", KEYS[3], ARGV[3])
end
return {1}
