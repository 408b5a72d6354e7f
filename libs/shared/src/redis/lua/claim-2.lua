--[[
  claim: take a call, if its epoch has not changed since it was read.

  KEYS[1]  the call
  KEYS[2]  its journal
  ARGV[1]  the epoch it was seen in, 0 for a new call
  ARGV[2]  a token of this claim alone, so that claiming twice is idempotent
  ARGV[3]  lifetime in seconds
  ARGV[4]  Unix milliseconds
  ARGV[5]… fields and values to write: owner, assistant, ticket, facts

  Returns  0 lost, 1 won; the call as it is now; for the winner also how many entries the journal of the previous owners
           has. The journal itself is read by XRANGE, because passing it through a script takes Redis seven times as long.
]]
local call = KEYS[1]
local now = redis.call("HMGET", call, "claim", "epoch", "state")
local function won() return {1, redis.call("HGETALL", call), redis.call("XLEN", KEYS[2])} end
if now[1] == ARGV[2] then return won() end
local epoch = now[2] or "0"
if epoch ~= ARGV[1] or now[3] == "ended" then return {0, redis.call("HGETALL", call)} end
if epoch == "0" then
  redis.call("HSET", call, "state", "live", "attempts", "0", "startedAt", ARGV[4], "assistant", "")
end
for i = 5, #ARGV, 2 do
  redis.call("HSET", call, ARGV[i], ARGV[i + 1])
end
redis.call("HSET", call, "claim", ARGV[2])
redis.call("HINCRBY", call, "epoch", 1)
redis.call("EXPIRE", call, ARGV[3])
return won()
