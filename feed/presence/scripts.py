"""Presence's scripts, in Lua. Times are Redis's own: processes say only how long ago something was.

Keys:
- `<prefix>:presence`, hash: process -> until when it holds its seats, ms
- `<prefix>:presence:courses`, hash: course -> until when anybody may be there, ms
- `<prefix>:presence:erased`, sorted set: people who may not be written again, by the second in which that ends
- `<prefix>:seats:<course>`, hash: `<user>:<lesson>:<process>` -> report `<heard>:<began>:<text>`
- `<prefix>:left:<course>`, hash: `<user>` -> report `<left>:<began>:<text>:<lesson>` of the lesson left last: whoever
  goes from lesson to lesson leaves one of them, so there are no more than students
"""

from feed.presence.rules import GONE_SECONDS

HOLD_MS = 6_000
"""How long a process that says nothing more holds its seats: some writes may fail, and after its end they lapse within
ten seconds, the second until the next look counted."""

_GONE_MS = int(GONE_SECONDS * 1000)
_KEEP_SECONDS = 2 * int(GONE_SECONDS)
_ERASED_SECONDS = 4 * int(GONE_SECONDS)

_OPEN = """
local prefix = ARGV[1]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local holders, courses, erased = prefix .. ':presence', prefix .. ':presence:courses', prefix .. ':presence:erased'
local function whole(number) return string.format('%.0f', number) end
local function pairs_of(key)
  local flat, index = redis.call('HGETALL', key), -1
  return function()
    index = index + 2
    return flat[index], flat[index + 1]
  end
end
"""

# ARGV: prefix, process, how many courses it holds seats in, these courses, then for each seat: course, user, lesson,
#       '1' where it is left, ms since it was heard (or left), ms since `began` or minus the moment itself, text.
# Answers now, and 1, or 0 where this process held nothing any more: then all of it has to be written.
WRITE = (
    _OPEN
    + f"""
local process = ARGV[2]
local held_until = redis.call('HGET', holders, process)
local known = held_until and tonumber(held_until) > now
redis.call('HSET', holders, process, whole(now + {HOLD_MS}))
redis.call('EXPIRE', holders, {_KEEP_SECONDS})
local function keep(course)
  redis.call('HSET', courses, course, whole(now + {_GONE_MS} + {HOLD_MS}))
  redis.call('EXPIRE', courses, {_KEEP_SECONDS})
  redis.call('EXPIRE', prefix .. ':seats:' .. course, {_KEEP_SECONDS})
end
local at = 4 + tonumber(ARGV[3])
for index = 4, at - 1 do keep(ARGV[index]) end
redis.call('ZREMRANGEBYSCORE', erased, '-inf', time[1])
local left = {{}}
local function moment_of(report) return tonumber(string.match(report, '^%d+')) end
local function leave(course, user, lesson, report)
  local gone = prefix .. ':left:' .. course
  local before = redis.call('HGET', gone, user)
  if before and moment_of(before) > moment_of(report) then return end
  redis.call('HSET', gone, user, report .. ':' .. lesson)
  redis.call('EXPIRE', gone, {_KEEP_SECONDS})
  keep(course)
  left[course] = true
end
while at <= #ARGV do
  local course, user, lesson = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local seat = user .. ':' .. lesson .. ':' .. process
  local began = tonumber(ARGV[at + 5])
  began = whole(began < 0 and -began or now - began)
  local report = whole(now - tonumber(ARGV[at + 4])) .. ':' .. began .. ':' .. ARGV[at + 6]
  local seats = prefix .. ':seats:' .. course
  if ARGV[at + 3] == '1' then
    redis.call('HDEL', seats, seat)
    if not redis.call('ZSCORE', erased, user) then leave(course, user, lesson, report) end
  elseif not redis.call('ZSCORE', erased, user) then
    redis.call('HSET', seats, seat, report)
    keep(course)
  end
  at = at + 7
end
for other, until_ in pairs_of(holders) do
  if tonumber(until_) <= now then  -- its process was killed: whoever sat there is gone since then
    redis.call('HDEL', holders, other)
    for course in pairs_of(courses) do
      local seats = prefix .. ':seats:' .. course
      for field, report in pairs_of(seats) do
        local user, lesson, holder = string.match(field, '^(%d+):(%d+):(.*)$')
        if holder == other then
          redis.call('HDEL', seats, field)
          leave(course, user, lesson, (string.gsub(report, '^%d+', until_)))
        end
      end
    end
  end
end
for course in pairs(left) do
  local gone = prefix .. ':left:' .. course
  for user, report in pairs_of(gone) do
    if moment_of(report) < now - {_GONE_MS} then redis.call('HDEL', gone, user) end
  end
end
return {{now, known and 1 or 0}}
"""
)

# ARGV: prefix, '1' for every course, else courses.
# Answers now, the holders as flat list of process and until, then for each of these courses in which anybody may be
#         there: it, its seats and those who left, flat.
READ = (
    _OPEN
    + """
local asked = {}
if ARGV[2] == '1' then
  for course, until_ in pairs_of(courses) do
    if tonumber(until_) > now then asked[#asked + 1] = course else redis.call('HDEL', courses, course) end
  end
else
  for index = 3, #ARGV do
    local until_ = redis.call('HGET', courses, ARGV[index])
    if until_ and tonumber(until_) > now then asked[#asked + 1] = ARGV[index] end
  end
end
local answer = {now, redis.call('HGETALL', holders)}
for _, course in ipairs(asked) do
  answer[#answer + 1] = course
  answer[#answer + 1] = redis.call('HGETALL', prefix .. ':seats:' .. course)
  answer[#answer + 1] = redis.call('HGETALL', prefix .. ':left:' .. course)
end
return answer
"""
)

# ARGV: prefix, people who are erased.
FORGET = (
    _OPEN
    + f"""
local theirs = {{}}
for index = 2, #ARGV do
  theirs[ARGV[index]] = true
  redis.call('ZADD', erased, time[1] + {_ERASED_SECONDS}, ARGV[index])
  redis.call('EXPIRE', erased, {_ERASED_SECONDS})
end
for course in pairs_of(courses) do
  for _, kind in ipairs({{':seats:', ':left:'}}) do
    local key = prefix .. kind .. course
    for field in pairs_of(key) do
      if theirs[string.match(field, '^%d+')] then redis.call('HDEL', key, field) end
    end
  end
end
"""
)
