// STOMP destinations: `shared-protocol/src/destination.rs`.

export const REPLIES = "/user/queue/replies";
export const USER_EVENTS = "/user/queue/events";
export const REFRESH = "/app/session/refresh";

export const channelTopic = (channel: string) => `/channels/${channel}`;
export const serverTopic = (server: string) => `/servers/${server}`;

export const toMessages = (channel: string) => `/app/channels/${channel}/messages`;
export const toEdit = (channel: string, message: string) => `${toMessages(channel)}/${message}/edit`;
export const toDelete = (channel: string, message: string) => `${toMessages(channel)}/${message}/delete`;
export const toTyping = (channel: string) => `/app/channels/${channel}/typing`;
export const toRead = (channel: string) => `/app/channels/${channel}/read`;
