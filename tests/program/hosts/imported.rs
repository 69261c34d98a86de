//! Import of a host: the proposal is valid, its plan changes nothing, and secrets and hostile names stay harmless.

use std::fs;

use super::super::world::TestWorld;
use super::systemd::systemd_hosts;
use super::{Host, hosts_with, system};

const PATH: &str = "environments/system.toml";

/// What people set up on the host, in lines of a shell.
const SET_UP: &str = r#"
echo 'ada:x:5000:5000:Ada "${x}" L,,,:/home/ada:/bin/bash' >>etc/passwd
echo 'bad name!:x:5001:5001::/home/none:/bin/sh' >>etc/passwd
echo 'eve:x:5002:5000:password=hunter2hunter2:/home/eve:/bin/sh' >>etc/passwd
# Numbers of the system: with a shell, without one, and that of root.
echo 'git:x:420:420::/srv/git:/bin/sh' >>etc/passwd
echo 'box:x:421:421::/nonexistent:/usr/sbin/nologin' >>etc/passwd
echo 'toor:x:0:0::/root:/bin/sh' >>etc/passwd
printf 'git:x:420:\nbox:x:421:\n' >>etc/group
echo 'ada:x:5000:' >>etc/group
echo 'team_x:x:5003:ada' >>etc/group
echo 'ada:!:19000:0:99999:7:::' >>etc/shadow
mkdir -p home/ada/.ssh
{
    echo '# a comment'
    printf 'no-pty,command="echo \\"a,b\\"" '
    cat root/.ssh/authorized_keys
    printf 'environment="API_TOKEN=hunter2hunter2hunter2" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJHTYyAXPcA0fTXRYWT6pFtq6qjzfhZfJmd1AkQJtyop eve\n'
} >home/ada/.ssh/authorized_keys
chown -R 5000:5000 home/ada; chmod 700 home/ada home/ada/.ssh; chmod 600 home/ada/.ssh/authorized_keys
mkdir -p etc/cron.d etc/sysctl.d
mkdir -p etc/sudoers.d; printf 'deploy ALL=(ALL) NOPASSWD: ALL\n' >etc/sudoers.d/deploy; chmod 440 etc/sudoers.d/deploy
echo 'none:x:422:422::/dev/null:/usr/sbin/nologin' >>etc/passwd
ln -s home/ada linked; echo 'alias:x:423:423::/linked:/usr/sbin/nologin' >>etc/passwd
printf '# every day\n0 4 * * * root /usr/local/bin/x --a="${b}"\n' >etc/cron.d/nightly
chmod 640 etc/cron.d/nightly; chown 5000 etc/cron.d/nightly
printf '0 4 * * * root curl -u admin:hunter2hunter2 https://x\n' >etc/cron.d/with-secret
printf '0 4 * * * root true\n' >"etc/cron.d/$(printf 'a\033[31m\n[file.evil]')"
printf 'net.core.somaxconn = 4096\n' >etc/sysctl.d/60-app.conf
printf '\377\376' >etc/sysctl.d/binary.conf
ln -s nightly etc/cron.d/link
mkdir -p etc/systemd/system/app.service.d
printf '[Service]\nNice=1\n' >etc/systemd/system/app.service.d/x.conf
echo '# changed by a person' >>etc/bash.bashrc
mkdir -p srv/data srv/later
printf 'tmpfs /srv/data tmpfs size=1m,noexec 0 0\ntmpfs /srv/later tmpfs noauto 0 0\n//nas/x /srv/share cifs password=hunter2hunter2 0 0\n/dev/none none swap sw 0 0\n' >etc/fstab
mount -t tmpfs -o size=1m,noexec tmpfs srv/data
"#;

/// Starts a host of staging that people set up, for a system without resources.
fn set_up() -> Option<(TestWorld, Host)> {
    let mut world = system();
    let text = world.read(PATH);
    let start = text.split("[directory.site]").next().unwrap();
    world.write(PATH, &format!("{start}[target.web]\n"));
    world.commit();
    let host = hosts_with(&mut world, &[("staging-1", SET_UP)], "root")?.remove(0);
    Some((world, host))
}

#[test]
fn a_proposal_is_valid_and_its_plan_changes_nothing() {
    let Some((world, host)) = set_up() else {
        return;
    };
    // Printing writes nothing.
    let before = world.snapshot("environments");
    let printed = world.expect(0, &["import", "web", "staging"]);
    assert_eq!(world.snapshot("environments"), before);
    let ran = world.expect(0, &["import", "web", "staging", "-o", "proposal.toml"]);
    assert!(
        ran.all()
            .contains("source files written below environments/files/web"),
        "{}",
        ran.all()
    );
    let proposal = world.read("proposal.toml");
    // Only the remark about source files differs.
    let lines = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.contains("with -o FILE"));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(lines(&printed.out), lines(&proposal));
    for part in [
        "[user.ada]\non = \"web\"\nuid = 5000\ngroup = \"ada\"\ngroups = [\"team_x\"]\nhome = \"/home/ada\"\nshell = \"/bin/bash\"\ncomment = \"Ada \\\"$${x}\\\" L,,,\"\nlocked = true\nafter = [\"group.ada\", \"group.team-x\"]\n",
        "[group.team-x]\non = \"web\"\ngroup = \"team_x\"\ngid = 5003\n",
        "[group.ada]\non = \"web\"\ngid = 5000\n",
        "options = [\"no-pty\", \"command=\\\"echo \\\\\\\"a,b\\\\\\\"\\\"\"]\nafter = [\"user.ada\"]\n",
        "[file.etc-cron-d-nightly]\non = \"web\"\npath = \"/etc/cron.d/nightly\"\nsource = \"files/web/etc/cron.d/nightly\"\nmode = \"0640\"\nowner = \"ada\"\ngroup = \"root\"\n",
        "path = \"/etc/sysctl.d/60-app.conf\"",
        "path = \"/etc/sysctl.d/binary.conf\"",
        "path = \"/etc/systemd/system/app.service.d/x.conf\"",
        "# changed since the package bash installed it\n[file.etc-bash-bashrc]\n",
        "device = \"tmpfs\"\ntype = \"tmpfs\"\noptions = [\"size=1m\", \"noexec\"]\n",
        "path = \"/srv/later\"\ndevice = \"tmpfs\"\ntype = \"tmpfs\"\noptions = [\"noauto\"]\nmounted = false\n",
        "[package.",
        "# not proposed: file /etc/cron.d/with-secret: line 1 seems to contain a secret\n",
        "# not proposed: user eve: it seems to contain a secret\n",
        "# not proposed: user bad name!: ",
        "path = \"/etc/sudoers.d/deploy\"",
        "[user.git]\non = \"web\"\nsystem = true\ngroup = \"git\"\ngroups = []\nhome = \"/srv/git\"\nshell = \"/bin/sh\"\n",
        "[group.git]\non = \"web\"\nsystem = true\n",
        "# not proposed: user toor: it has the number of root, and so all its rights\n",
        "# not proposed: mount /srv/share: ",
        "its path has characters that a source file should not have\n",
    ] {
        assert!(proposal.contains(part), "{part}\n{proposal}");
    }
    for secret in [
        "hunter2",
        "API_TOKEN=h",
        "\u{1b}",
        "etc/cron.d/link",
        ".box]",
        "# not read",
        "swap",
    ] {
        assert!(!proposal.contains(secret), "{secret}\n{proposal}");
        assert!(!ran.all().contains(secret));
    }
    let folder = world.path("environments/files/web");
    assert_eq!(
        fs::read(folder.join("etc/cron.d/nightly")).unwrap(),
        fs::read(host.path("/etc/cron.d/nightly")).unwrap()
    );
    assert_eq!(
        fs::read(folder.join("etc/sysctl.d/binary.conf")).unwrap(),
        [0xff, 0xfe]
    );
    let written: Vec<_> = world.snapshot("environments/files").into_keys().collect();
    assert!(
        !written
            .iter()
            .any(|path| path.to_string_lossy().contains("secret")),
        "{written:?}"
    );

    world.add(PATH, &proposal);
    world.commit();
    world.expect(0, &["validate"]);
    let plan = world.run(&["plan", "staging"]);
    for word in [
        "create", "update", "replace", "restart", "remove", "install",
    ] {
        let found = plan.all().lines().any(|line| {
            line.trim_start()
                .starts_with(|sign: char| "+~-±".contains(sign))
                && line.contains(word)
        });
        assert!(!found, "{word}\n{}", plan.all());
    }
    let then = host.read("/etc/passwd") + &host.read("/etc/fstab") + &host.read("/etc/bash.bashrc");
    world.expect(0, &["apply", "staging"]);
    let now = host.read("/etc/passwd") + &host.read("/etc/fstab") + &host.read("/etc/bash.bashrc");
    assert_eq!(then, now);
    world.expect(0, &["drift", "staging", "--live"]);

    // Everything is declared now, and a name that is taken gets a number.
    let again = world.expect(0, &["import", "web", "staging"]);
    assert!(again.out.contains("# declared already: "), "{}", again.out);
    assert!(!again.out.contains("\n[user."), "{}", again.out);
}

#[test]
fn what_cannot_be_imported_is_refused() {
    let Some((world, host)) = set_up() else {
        return;
    };
    world
        .expect(64, &["import", "db", "staging"])
        .says("its targets are web");
    world
        .expect(64, &["import", "web@web-1", "staging"])
        .says("is one machine: omit the host");
    world
        .expect(64, &["import", "web", "stagin"])
        .says("did you mean `staging`");
    world.expect(64, &["--at", "HEAD", "import", "web", "staging"]);
    // An existing source with another content is kept.
    world.write("environments/files/web/etc/cron.d/nightly", "mine\n");
    world.expect(0, &["import", "web", "staging", "-o", "proposal.toml"]);
    assert!(world.read("proposal.toml").contains(
        "# not proposed: file /etc/cron.d/nightly: environments/files/web/etc/cron.d/nightly exists with another content\n"
    ));
    assert_eq!(
        world.read("environments/files/web/etc/cron.d/nightly"),
        "mine\n"
    );
    world.replace(
        "environments/staging.toml",
        "ssh = \"staging-1\"",
        "hosts = [\"one=staging-1\", \"two=staging-2\"]",
    );
    world
        .expect(64, &["import", "web", "staging"])
        .says("choose one host, as in `web@one`");
    world.expect(0, &["import", "web@one", "staging"]);
    drop(host);
    world
        .expect(1, &["import", "web@one", "staging"])
        .says("web@one (staging): cannot be read");
}

#[test]
fn a_host_with_systemd_keeps_its_services() {
    let mut world = system();
    let text = world.read(PATH);
    let start = text.split("[directory.site]").next().unwrap();
    world.write(PATH, &format!("{start}[target.web]\n"));
    world.commit();
    let Some(host) = systemd_hosts(&mut world, &["staging-1"], "root") else {
        return;
    };
    let host = &host[0];
    host.run("printf '[Service]\\nExecStart=/bin/sleep 4711\\n[Install]\\nWantedBy=multi-user.target\\n' >/etc/systemd/system/app.service; systemctl daemon-reload; systemctl enable -q --now app; printf '[Service]\\nExecStart=/bin/true\\n[Install]\\nWantedBy=multi-user.target\\n' >/etc/systemd/system/idle.service; systemctl daemon-reload; systemctl enable -q idle; useradd -m -s /bin/bash ada");
    host.run("printf '[Timer]\\nOnCalendar=daily\\n[Install]\\nWantedBy=timers.target\\n' >/etc/systemd/system/nightly.timer; printf '[Service]\\nType=oneshot\\nExecStart=/bin/true\\n' >/etc/systemd/system/nightly.service; systemctl daemon-reload; systemctl enable -q --now nightly.timer; mkdir -p /var/spool/cron/crontabs; echo '0 4 * * * true' >/var/spool/cron/crontabs/ada; chown ada /var/spool/cron/crontabs/ada; chmod 600 /var/spool/cron/crontabs/ada");
    world.expect(0, &["import", "web", "staging", "-o", "proposal.toml"]);
    let proposal = world.read("proposal.toml");
    for part in [
        "[service.app]\non = \"web\"\nafter = [\"file.etc-systemd-system-app-service\"]\n",
        "[service.idle]\non = \"web\"\nrunning = false\nafter = [",
        "path = \"/etc/systemd/system/app.service\"\n",
        "unit = \"nightly.timer\"\n",
        "path = \"/etc/systemd/system/nightly.timer\"\n",
        "path = \"/etc/systemd/system/nightly.service\"\n",
        "path = \"/var/spool/cron/crontabs/ada\"\n",
        "[user.ada]\n",
        "[package.openssh-server]\n",
        "[service.ssh]\n",
    ] {
        assert!(proposal.contains(part), "{part}\n{proposal}");
    }
    world.add(PATH, &proposal);
    world.commit();
    world.expect(0, &["validate"]);
    let before = host.property("app.service", "InvocationID");
    world.expect(0, &["apply", "staging"]);
    world.expect(0, &["drift", "staging", "--live"]);
    assert_eq!(host.property("app.service", "InvocationID"), before);
}
