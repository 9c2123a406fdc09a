// Spring's WebSocketStompClient: what Java programs speak to a broker with.

import jakarta.websocket.ContainerProvider;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.springframework.messaging.MessageDeliveryException;
import org.springframework.messaging.converter.SimpleMessageConverter;
import org.springframework.messaging.simp.stomp.StompCommand;
import org.springframework.messaging.simp.stomp.StompFrameHandler;
import org.springframework.messaging.simp.stomp.StompHeaders;
import org.springframework.messaging.simp.stomp.StompSession;
import org.springframework.messaging.simp.stomp.StompSessionHandlerAdapter;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import org.springframework.util.MimeTypeUtils;
import org.springframework.web.socket.WebSocketHttpHeaders;
import org.springframework.web.socket.client.standard.StandardWebSocketClient;
import org.springframework.web.socket.messaging.WebSocketStompClient;

public class Facts {
  static String url;
  static int tried = 0;
  static int failed = 0;
  static int number = 0;
  static final ThreadPoolTaskScheduler scheduler = new ThreadPoolTaskScheduler();

  interface Check {
    void run() throws Exception;
  }

  record Said(StompHeaders headers, byte[] body) {
    String text() {
      return new String(body, StandardCharsets.UTF_8);
    }
  }

  /** What a session is told. */
  static class Told extends StompSessionHandlerAdapter {
    final BlockingQueue<Said> messages = new LinkedBlockingQueue<>();
    final BlockingQueue<StompHeaders> errors = new LinkedBlockingQueue<>();
    final BlockingQueue<Throwable> losses = new LinkedBlockingQueue<>();
    final BlockingQueue<StompHeaders> connected = new LinkedBlockingQueue<>();

    @Override
    public void afterConnected(StompSession session, StompHeaders headers) {
      connected.add(headers);
    }

    @Override
    public Type getPayloadType(StompHeaders headers) {
      return byte[].class;
    }

    @Override
    public void handleFrame(StompHeaders headers, Object payload) {
      boolean isError = headers.containsKey("message") && headers.getSubscription() == null;
      if (isError) {
        errors.add(headers);
      } else {
        messages.add(new Said(headers, payload == null ? new byte[0] : (byte[]) payload));
      }
    }

    @Override
    public void handleTransportError(StompSession session, Throwable error) {
      losses.add(error);
    }

    @Override
    public void handleException(StompSession s, StompCommand c, StompHeaders h, byte[] p, Throwable error) {
      losses.add(error);
    }
  }

  static <T> T next(BlockingQueue<T> queue, String what) throws Exception {
    T item = queue.poll(20, TimeUnit.SECONDS);
    if (item == null) throw new Exception("never saw: " + what);
    return item;
  }

  static void same(Object seen, Object expected) throws Exception {
    if (!Objects.equals(seen, expected)) throw new Exception("saw " + seen + ", not " + expected);
  }

  static String fresh(String kind) {
    return "/" + kind + "/" + ProcessHandle.current().pid() + "-" + number++;
  }

  static WebSocketStompClient client(long beats) {
    var container = ContainerProvider.getWebSocketContainer();
    container.setDefaultMaxTextMessageBufferSize(4 * 1024 * 1024);
    container.setDefaultMaxBinaryMessageBufferSize(4 * 1024 * 1024);
    var client = new WebSocketStompClient(new StandardWebSocketClient(container));
    client.setMessageConverter(new SimpleMessageConverter());
    client.setInboundMessageSizeLimit(4 * 1024 * 1024);
    client.setTaskScheduler(scheduler);
    client.setDefaultHeartbeat(new long[] {beats, beats});
    return client;
  }

  static StompSession opened(Told told, long beats, String... versions) throws Exception {
    var headers = new StompHeaders();
    headers.setLogin("guest");
    headers.setPasscode("guest");
    if (versions.length > 0) headers.setAcceptVersion(versions);
    var opening = client(beats).connectAsync(url, new WebSocketHttpHeaders(), headers, told);
    return opening.get(20, TimeUnit.SECONDS);
  }

  static void receipted(StompSession.Receiptable receiptable) throws Exception {
    BlockingQueue<Boolean> seen = new LinkedBlockingQueue<>();
    receiptable.addReceiptTask(() -> seen.add(true));
    receiptable.addReceiptLostTask(() -> seen.add(false));
    same(next(seen, "a receipt"), true);
  }

  /** Leaves. The broker closes at once, and Tyrus may trip over that while it still writes; that is nobody's loss. */
  static void left(StompSession session) {
    try {
      session.disconnect();
    } catch (MessageDeliveryException late) {
      System.out.println("# " + late.getCause());
    }
  }

  static StompHeaders to(String destination) {
    var headers = new StompHeaders();
    headers.setDestination(destination);
    return headers;
  }

  static StompHeaders from(String destination, String ack) {
    var headers = to(destination);
    headers.setAck(ack);
    return headers;
  }

  /** Headers of an ACK. Those of the message cannot be written to, which a receipt wants. */
  static StompHeaders naming(Said said, String version) {
    var headers = new StompHeaders();
    if (version.equals("1.1")) {
      headers.setMessageId(said.headers().getMessageId());
      headers.setSubscription(said.headers().getSubscription());
    } else {
      headers.setId(said.headers().getAck());
    }
    return headers;
  }

  static void fact(String name, Check check) {
    tried++;
    try {
      check.run();
      System.out.println("ok " + name);
    } catch (Throwable error) {
      failed++;
      System.out.println("not ok " + name + ": " + error);
    }
  }

  public static void main(String[] args) {
    url = args[0];
    scheduler.initialize();
    for (String version : new String[] {"1.1", "1.2"}) {
      fact(version + ": connects at this version", () -> {
        var told = new Told();
        var session = opened(told, 0, version);
        same(next(told.connected, "CONNECTED").getFirst("version"), version);
        left(session);
      });
      fact(version + ": hears itself, with headers of all kinds", () -> {
        var told = new Told();
        var session = opened(told, 0, version);
        session.setAutoReceipt(true);
        var destination = fresh("topic");
        receipted(session.subscribe(destination, told));
        var headers = to(destination);
        headers.set("path", "C:\\new é");
        headers.set("lines", "a\nb");
        receipted(session.send(headers, "héllo 🦀".getBytes(StandardCharsets.UTF_8)));
        var said = next(told.messages, "a message");
        same(said.text(), "héllo 🦀");
        same(said.headers().getFirst("path"), "C:\\new é");
        same(said.headers().getFirst("lines"), "a\nb");
        left(session);
      });
      fact(version + ": keeps all octets, and a mebibyte", () -> {
        var told = new Told();
        var session = opened(told, 0, version);
        var destination = fresh("topic");
        session.subscribe(destination, told);
        for (int length : new int[] {0, 256, 1024 * 1024}) {
          var body = new byte[length];
          for (int at = 0; at < length; at++) body[at] = (byte) at;
          var headers = to(destination);
          headers.setContentType(MimeTypeUtils.APPLICATION_OCTET_STREAM);
          session.send(headers, body);
          same(Arrays.equals(next(told.messages, "a message").body(), body), true);
        }
        left(session);
      });
      fact(version + ": acknowledges, refuses, and has it again", () -> {
        var told = new Told();
        var session = opened(told, 0, version);
        session.setAutoReceipt(true);
        var destination = fresh("queue");
        receipted(session.subscribe(from(destination, "client-individual"), told));
        session.send(to(destination), "1".getBytes());
        session.acknowledge(naming(next(told.messages, "a message"), version), false);
        var again = next(told.messages, "it again");
        same(again.headers().getFirst("redelivered"), "true");
        receipted(session.acknowledge(naming(again, version), true));
        left(session);
      });
      fact(version + ": beats both ways", () -> {
        var told = new Told();
        var session = opened(told, 200, version);
        // Spring ends a session that is silent for three intervals, and ours one that is so for two and a second.
        same(told.losses.poll(2, TimeUnit.SECONDS), null);
        same(session.isConnected(), true);
        left(session);
      });
    }
    fact("is told an ERROR, and that it was closed", () -> {
      var told = new Told();
      var session = opened(told, 0);
      session.send(to("/nowhere"), new byte[0]);
      same(next(told.errors, "ERROR").getFirst("message"), "unknown-destination");
      next(told.losses, "the close");
      same(session.isConnected(), false);
    });
    fact("unsubscribes and leaves with receipts", () -> {
      var told = new Told();
      var session = opened(told, 0);
      session.setAutoReceipt(true);
      var subscription = session.subscribe(fresh("topic"), told);
      receipted(subscription);
      receipted(session.send(to(fresh("topic")), new byte[0]));
      subscription.unsubscribe();
      left(session);
      same(session.isConnected(), false);
    });
    fact("a wrong passcode opens nothing", () -> {
      var headers = new StompHeaders();
      headers.setLogin("guest");
      headers.setPasscode("wrong");
      var told = new Told();
      try {
        client(0).connectAsync(url, new WebSocketHttpHeaders(), headers, told).get(20, TimeUnit.SECONDS);
      } catch (ExecutionException refused) {
        return;
      }
      throw new Exception("it opened");
    });
    System.out.println(tried + " facts, " + failed + " failed");
    System.exit(failed == 0 ? 0 : 1);
  }
}
