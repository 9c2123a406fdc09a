use super::*;

#[test]
fn one_at_a_time_has_the_right_to_serve() {
    let path = std::env::temp_dir().join(format!("echopulse-lock-{}", std::process::id()));
    let folder = Folder::open(Some(path.clone()), Limits::default()).unwrap();
    let lock = folder.try_lock().unwrap().expect("nobody has it");
    assert_eq!(folder.lock_holder(), Some(std::process::id()));
    assert!(folder.try_lock().unwrap().is_none(), "somebody has it");
    let waiting = std::thread::spawn({
        let folder = folder.clone();
        move || folder.wait_for_lock().unwrap()
    });
    drop(lock);
    let inherited = waiting.join().unwrap();
    assert!(folder.try_lock().unwrap().is_none(), "the heir has it");
    drop(inherited);
    assert!(folder.try_lock().unwrap().is_some());
    fs::remove_dir_all(path).unwrap();
}
