--[[
  first: write a field of a hash unless it has a value. The first value counts.

  KEYS[1]  the hash
  ARGV[1]  the field    ARGV[2]  its value    ARGV[3]  another field that is read    ARGV[4]  lifetime of the hash from now (s)

  Returns  1, the value that counts, the value of the other field or ""
]]
local hash, field = KEYS[1], ARGV[1]
if not redis.call("HGET", hash, field) then
  redis.call("HSET", hash, field, ARGV[2])
end
redis.call("EXPIRE", hash, ARGV[4])
return {1, redis.call("HGET", hash, field), redis.call("HGET", hash, ARGV[3]) or ""}
