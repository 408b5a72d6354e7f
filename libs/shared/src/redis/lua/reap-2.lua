--[[
  reap: remove a member without an announcement from the fleet, unless it has announced itself again.

  KEYS[1]  the fleet    KEYS[2]  the member
  ARGV[1]  its id

  Returns  0 it lives, 1 done
]]
if redis.call("EXISTS", KEYS[2]) == 1 then return {0} end
redis.call("ZREM", KEYS[1], ARGV[1])
return {1}
