--[[
  create-out: keep a call that is to be made, unless there is one for the same key already.
  KEYS[1]  string: the id of the call for this key
  KEYS[2]  hash: the call
  KEYS[3]  sorted set: calls by the time at which somebody must look at them
  KEYS[4]  sorted set: all calls by the time at which they were asked for
  ARGV[1]  the id   ARGV[2]  the call as JSON   ARGV[3]  when it is due   ARGV[4]  when it was asked for
  ARGV[5]  lifetime of the key (ms)   ARGV[6]  lifetime of the call (ms)   ARGV[7]  how many calls are listed at most
  Returns  {0, the id that there is} or {1, the id}
]]
local known = redis.call("GET", KEYS[1])
if known then
  return {0, known}
end
redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[5])
redis.call("HSET", KEYS[2], "version", 0, "call", ARGV[2])
redis.call("PEXPIRE", KEYS[2], ARGV[6])
redis.call("ZADD", KEYS[3], ARGV[3], ARGV[1])
redis.call("ZADD", KEYS[4], ARGV[4], ARGV[1])
redis.call("ZREMRANGEBYRANK", KEYS[4], 0, -1 - ARGV[7])
return {1, ARGV[1]}
