--[[
  append: write to the journal while the epoch holds.

  KEYS[1]  the call    KEYS[2]  its journal
  ARGV[1]  the epoch of the writer
  ARGV[2]  a token of this write alone, so that writing twice is idempotent
  ARGV[3]  lifetime in seconds, which begins with the first entry
  ARGV[4]… the entries; none: only asks whether the epoch holds

  Returns  0 refused, 1 done
]]
local now = redis.call("HMGET", KEYS[1], "epoch", "state", "append")
if now[2] ~= "live" or now[1] ~= ARGV[1] then return {0} end
if now[3] == ARGV[2] or #ARGV == 3 then return {1} end
for i = 4, #ARGV do
  redis.call("XADD", KEYS[2], "*", "entry", ARGV[i])
end
if not now[3] then redis.call("EXPIRE", KEYS[2], ARGV[3]) end
redis.call("HSET", KEYS[1], "append", ARGV[2])
return {1}
