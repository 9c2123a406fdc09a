//! What is asked of Redis. All keys lie in one slot of a cluster; those of other nodes are found by the set of nodes.

use std::fmt;

use ::redis::{Script, ScriptInvocation};
use echopulse_core::common::UserId;

use super::{super::RedisOptions, keeper::Move};

/// Keys: the set of nodes, this node's people. Arguments: time to live, the beginning of every node's key, this node, then
/// `+` or `-` before each person. Answers for each whether another node has them too.
const MOVE: &str = r"
local others = {}
for _, node in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  local key = ARGV[2] .. node
  if key == KEYS[2] then
  elseif redis.call('EXISTS', key) == 1 then
    others[#others + 1] = key
  else
    redis.call('SREM', KEYS[1], node)
  end
end
redis.call('SADD', KEYS[1], ARGV[3])
local answers = {}
for at = 4, #ARGV do
  local user, command = string.sub(ARGV[at], 2), 'SREM'
  if string.sub(ARGV[at], 1, 1) == '+' then
    command = 'SADD'
  end
  redis.call(command, KEYS[2], user)
  local elsewhere = 0
  for _, key in ipairs(others) do
    if redis.call('SISMEMBER', key, user) == 1 then
      elsewhere = 1
      break
    end
  end
  answers[#answers + 1] = elsewhere
end
redis.call('PEXPIRE', KEYS[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return answers
";

/// Keys as above. Arguments: time to live, this node, how many people it has. Answers whether Redis knows as many.
const BEAT: &str = r"
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[1])
local people = redis.call('SCARD', KEYS[2])
if people ~= tonumber(ARGV[3]) then
  return 0
end
if people > 0 and redis.call('SISMEMBER', KEYS[1], ARGV[2]) == 0 then
  return 0
end
return 1
";

/// Keys as above. Arguments: time to live, this node, and all its people.
const RESTORE: &str = r"
redis.call('DEL', KEYS[2])
for at = 3, #ARGV do
  redis.call('SADD', KEYS[2], ARGV[at])
end
redis.call(#ARGV > 2 and 'SADD' or 'SREM', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
";

/// Key: the set of nodes. Arguments: the beginning of every node's key, and people. Answers for each whether any node has them.
const LOOK: &str = r"
local found = {}
for at = 2, #ARGV do
  found[at - 1] = 0
end
for _, node in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  for at, there in ipairs(redis.call('SMISMEMBER', ARGV[1] .. node, unpack(ARGV, 2))) do
    if there == 1 then
      found[at] = 1
    end
  end
end
return found
";

/// The scripts of one node.
pub(super) struct Scripts {
    nodes: String,
    prefix: String,
    node: String,
    ttl_ms: u64,
    moves: Script,
    beat: Script,
    restore: Script,
    look: Script,
}

impl Scripts {
    pub(super) fn new(options: &RedisOptions) -> Self {
        let slot = format!("ep:{{{}presence}}", options.space);
        Self {
            nodes: format!("{slot}:nodes"),
            prefix: format!("{slot}:node:"),
            node: options.node.clone(),
            ttl_ms: u64::try_from(options.presence_ttl.as_millis()).unwrap_or(u64::MAX).max(1),
            moves: Script::new(MOVE),
            beat: Script::new(BEAT),
            restore: Script::new(RESTORE),
            look: Script::new(LOOK),
        }
    }

    fn prepare<'a>(&self, script: &'a Script) -> ScriptInvocation<'a> {
        let mut call = script.key(&self.nodes);
        call.key(format!("{}{}", self.prefix, self.node)).arg(self.ttl_ms);
        call
    }

    pub(super) fn moves(&self, moves: &[(UserId, Move)]) -> ScriptInvocation<'_> {
        let mut call = self.prepare(&self.moves);
        call.arg(&self.prefix).arg(&self.node);
        for (user, what) in moves {
            let sign = match what {
                Move::Begin => '+',
                Move::End => '-',
            };
            call.arg(format!("{sign}{user}"));
        }
        call
    }

    pub(super) fn beat(&self, people: usize) -> ScriptInvocation<'_> {
        let mut call = self.prepare(&self.beat);
        call.arg(&self.node).arg(people);
        call
    }

    pub(super) fn restore(&self, people: &[UserId]) -> ScriptInvocation<'_> {
        let mut call = self.prepare(&self.restore);
        call.arg(&self.node);
        for user in people {
            call.arg(user.to_string());
        }
        call
    }

    /// For a thousand people at most: a script's stack is small.
    pub(super) fn look(&self, people: &[UserId]) -> ScriptInvocation<'_> {
        let mut call = self.look.key(&self.nodes);
        call.arg(&self.prefix);
        for user in people {
            call.arg(user.to_string());
        }
        call
    }
}

impl fmt::Debug for Scripts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripts").field("node", &self.node).finish_non_exhaustive()
    }
}
