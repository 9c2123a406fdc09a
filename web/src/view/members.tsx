// Who is in the server, by whether they are there.

import type { Chat } from "../chat/chat";
import type { ServerState } from "../chat/servers";
import type { Presence } from "../protocol/entity";
import type { MemberDetail } from "../protocol/rest";

const GROUPS: [Presence, string, string][] = [
  ["online", "Online", "●"],
  ["idle", "Idle", "◐"],
  ["offline", "Offline", "○"],
];
/** More names than these in one group are only counted. */
const MOST = 100;

export function Members({ chat, server }: { chat: Chat; server: ServerState }) {
  const statusOf = ({ user_id }: MemberDetail) => (user_id === chat.me.id ? "online" : server.statusOf(user_id));
  const all = [...server.members.values()].toSorted((a, b) => name(a).localeCompare(name(b)));
  return (
    <aside class="members" aria-label="Members">
      {GROUPS.map(([status, title, sign]) => {
        const there = all.filter((member) => statusOf(member) === status);
        return (
          there.length > 0 && (
            <section key={status} class={status}>
              <h2>{title} · {there.length}</h2>
              <ul>
                {there.slice(0, MOST).map((member) => (
                  <li key={member.user_id} title={`@${member.user.username}`}>
                    <span class="sign" aria-hidden="true">{sign}</span> <span class="name">{name(member)}</span>
                    <span class="dim">{mark(server, member)}</span>
                  </li>
                ))}
              </ul>
              {there.length > MOST && <p class="dim">and {there.length - MOST} more</p>}
            </section>
          )
        );
      })}
    </aside>
  );
}

function name(member: MemberDetail): string {
  return member.nickname ?? member.user.display_name;
}

/** What somebody is here, in a word. */
function mark(server: ServerState, { user, role_ids }: MemberDetail): string {
  if (user.id === server.detail.owner_id) return "owner";
  if (user.kind === "bot") return "bot";
  const roles = server.detail.roles.filter(({ id }) => role_ids.includes(id));
  return roles.toSorted((a, b) => b.position - a.position)[0]?.name ?? "";
}
