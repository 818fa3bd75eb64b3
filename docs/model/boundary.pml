/*
 * The boundary of one key, as a Promela model: Worker, platform, key object, storage and origin. What the object decides is explored
 * with its own code (test/model/); this is about what may be lost, repeated or delayed between the five. Events have the same names.
 *
 * The policy is `on_unknown = "refuse"`, and no term ends. `npm run test:proof` checks it, and that each planted fault (NO_GATE,
 * FREE_ON_DEATH, NO_ALARM, GUESS, SUBMIT_WITHOUT_RECORD) is found.
 */

#define REQUESTS 2 /* of one client, equal, at any time */
#define ATTEMPTS 2

mtype:record = { none, pending, unknown, completed };
mtype:kind = { submit, look };
mtype:outcome = { final, undone };
mtype:fate = { unsent, sent, ran, refused };
mtype:reply = { answer, released, outcome_unknown, nothing };

/* What is durable, and what the object reads: its own writes count at once. */
mtype:record stored = none;
mtype:record cached = none;

/* In the memory of the process. */
byte running = 0; /* the number of the attempt that runs */
bool timed_out = false;
bool waiting[REQUESTS];

byte begun = 0;
byte executed = 0;
mtype:fate fate[3] = unsent; /* by the number of the attempt */
byte crashes = 1;
byte repeats = 1;

chan calls = [4] of { mtype:kind, byte };
chan forwards = [ATTEMPTS] of { byte };
chan answers = [ATTEMPTS] of { byte, mtype:outcome };
/* What a request waits for: the reply to its submit, or to its look. */
mtype:kind listens[REQUESTS] = 0;
chan replies[REQUESTS] = [2] of { mtype:reply };

/* The output gate: what leaves the object waits until all that was written before it is durable. */
chan held_forwards = [ATTEMPTS] of { byte };
chan held_replies = [8] of { mtype:kind, byte, mtype:reply };

#define POSSIBLY(n) (fate[n] == sent || fate[n] == ran)
#define MAY_HAVE_RUN (POSSIBLY(1) || POSSIBLY(2))

inline reply_to_all(what) {
  w = 0;
  do
  :: w < REQUESTS ->
    if
    :: waiting[w] -> waiting[w] = false; held_replies!submit, w, what
    :: else
    fi;
    w++
  :: else -> break
  od
}

inline reply_from_record(how) {
  if
  :: cached == completed -> held_replies!how, who, answer
  :: cached == unknown -> held_replies!how, who, outcome_unknown
  :: cached == none -> held_replies!how, who, nothing
  fi
}

/* A pending record without its process is unknown. */
inline become_unknown() {
  if
  :: cached == pending && running == 0 ->
#ifdef FREE_ON_DEATH
    cached = none
#else
    cached = unknown
#endif
  :: else
  fi
}

inline pass_gate() {
  do
  :: held_forwards?id -> fate[id] = sent; forwards!id
  :: empty(held_forwards) -> break
  od;
  do
  :: held_replies?kind, who, what ->
    assert(what != answer || stored == completed); /* P3: it is stored before it is given */
    assert(what != released || executed == 0);     /* P6: no claim that nothing ran */
    if
    :: listens[who] == kind -> replies[who]!what
    :: else /* it has gone */
    fi
  :: empty(held_replies) -> break
  od
}

inline commit() {
  stored = cached;
  assert(stored != none || !MAY_HAVE_RUN) /* P1: never free after a possible execution */
}

/* So that states differ only in what counts. */
inline forget() {
  who = 0;
  id = 0;
  w = 0;
  kind = 0;
  what = 0;
  outcome = 0
}

active proctype KeyObject() {
  byte who, id, w;
  mtype:kind kind;
  mtype:reply what;
  mtype:outcome outcome;
end:
  do
  /* A request arrives. */
  :: atomic { calls?submit, who ->
      become_unknown();
      if
      :: running != 0 -> waiting[who] = true
#ifdef SUBMIT_WITHOUT_RECORD
      :: running == 0 && cached != completed && begun < ATTEMPTS ->
#else
      :: running == 0 && cached == none && begun < ATTEMPTS ->
#endif
        begun++;
        cached = pending;
        running = begun;
        timed_out = false;
        waiting[who] = true;
        held_forwards!begun
      :: else -> reply_from_record(submit)
      fi;
      forget() }
  /* A look never executes. */
  :: atomic { calls?look, who ->
      become_unknown();
      if
      :: running != 0 -> held_replies!look, who, outcome_unknown
      :: else -> reply_from_record(look)
      fi;
      forget() }
  /* The attempt is answered. An answer to an attempt of a dead process has no reader. */
  :: atomic { answers?id, outcome ->
      if
      :: id == running ->
        running = 0;
        if
        :: outcome == final -> cached = completed; reply_to_all(answer)
        :: outcome == undone -> cached = none; reply_to_all(released)
        fi
      :: else
      fi;
      forget() }
  /* The attempt times out, and goes on. */
  :: atomic { running != 0 && !timed_out ->
      timed_out = true;
      cached = unknown;
      reply_to_all(outcome_unknown);
      forget() }
  /* Its deadline passes without an answer. */
  :: atomic { running != 0 && timed_out ->
      running = 0;
#ifdef GUESS
      cached = none;
#endif
      reply_to_all(outcome_unknown);
      forget() }
#ifndef NO_ALARM
  /* The alarm fires. */
  :: atomic { running == 0 && cached == pending -> become_unknown() }
#endif
#ifdef NO_GATE
  :: atomic { nempty(held_forwards) || nempty(held_replies) -> pass_gate(); forget() }
  :: atomic { stored != cached -> commit() }
#else
  /* What was written is durable, and what waited for that leaves. */
  :: atomic { stored != cached || nempty(held_forwards) || nempty(held_replies) -> commit(); pass_gate(); forget() }
#endif
  /* The process dies, with its writes that are not durable, and with all that it held back. */
  :: atomic { crashes > 0 ->
      crashes--;
      cached = stored;
      running = 0;
      do
      :: held_forwards?id
      :: empty(held_forwards) -> break
      od;
      do
      :: held_replies?kind, who, what
      :: empty(held_replies) -> break
      od;
      w = 0;
      do
      :: w < REQUESTS -> waiting[w] = false; w++
      :: else -> break
      od;
      forget() }
  od
}

/* An honest one: a final answer means that it ran, `undone` that it never will. It acts once for each forward that arrives. */
active proctype Origin() {
  byte id;
end:
  do
  :: forwards?id ->
    if
    :: atomic { /* the origin runs it */
        fate[id] = ran;
        executed++;
        assert(executed <= 1) } /* P1 */
      if
      :: answers!id, final
      :: skip /* the answer is lost, or is a 502 */
      fi
    :: fate[id] = refused;
      if
      :: answers!id, undone
      :: skip
      fi
    :: skip /* the forward is lost */
    fi;
    id = 0
  od
}

/* The Worker, for one request (src/call/ask-key-object.ts). */
proctype Worker(byte me) {
  byte tries = 0;
  do
  :: tries < 2 ->
    tries++;
    if
    :: atomic { calls!submit, me -> listens[me] = submit }; break
    :: skip /* the call is lost, and the platform reports that it did not arrive */
    fi
  :: tries == 2 -> goto ask
  od;
  if
  :: atomic { replies[me]?_ -> listens[me] = 0 }; goto done
  :: skip /* the call fails, and may have arrived, or arrive late */
  fi;
ask:
  atomic {
    calls!look, me ->
    listens[me] = look;
    do
    :: replies[me]?_
    :: empty(replies[me]) -> break
    od
  };
  if
  :: replies[me]?_
  :: skip
  fi;
done:
  atomic {
    listens[me] = 0;
    do
    :: replies[me]?_
    :: empty(replies[me]) -> break
    od;
    tries = 0
  }
}

/* The platform delivers a call once more, at any time. */
active proctype Platform() {
  do
  :: atomic { repeats > 0 -> repeats--; calls!submit, 0 }
  :: break
  od
}

/* When nothing more can happen, nothing is pending or running. */
active proctype End() {
  timeout -> assert(stored != pending && cached == stored && running == 0)
}

init {
  atomic { run Worker(0); run Worker(1) }
}
