--[[
  announce: write the announcement of a member, both keys at once, so that neither is ever seen alone.

  KEYS[1]  the fleet, by active calls    KEYS[2]  the member
  ARGV[1]  its id    ARGV[2]  active calls    ARGV[3]  lifetime in milliseconds    ARGV[4]… fields and values

  Returns  0 done
]]
redis.call("ZADD", KEYS[1], ARGV[2], ARGV[1])
redis.call("DEL", KEYS[2])
for i = 4, #ARGV, 2 do
  redis.call("HSET", KEYS[2], ARGV[i], ARGV[i + 1])
end
redis.call("PEXPIRE", KEYS[2], ARGV[3])
return {0}
