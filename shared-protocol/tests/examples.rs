//! The examples do what they say. The one that needs a broker is run with the other clients in `tests/`.

#[path = "../examples/in_memory.rs"]
mod in_memory;

use echopulse_protocol::stomp::client::Event;

#[test]
fn the_client_in_memory_hears_itself() {
    let told = in_memory::run().unwrap();
    let [Event::Connected { .. }, Event::Message(message), Event::Receipt(receipt, _)] = &told[..] else {
        panic!("{told:?}")
    };
    assert_eq!((message.body().as_ref(), receipt.as_str()), (&b"hello"[..], "r"));
}
