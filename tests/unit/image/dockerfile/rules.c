/* Every rule: a Dockerfile in which it fires, at which line, and one in which it does not. */
#include "check_test.h"

#define D "FROM debian:12\n"

static const struct {
	const char *id;
	const char *bad;
	unsigned line;
	const char *good;
} rows[] = {
	{"DL1000", D "COPY --wrong a b", 2, D "COPY --link a b"},
	{"DL3000", D "WORKDIR app", 2, D "WORKDIR /app\nWORKDIR $X\nWORKDIR C:/x\nWORKDIR \"/y\""},
	{"DL3001", D "RUN ls && ssh host", 2, D "RUN echo ssh && cat /ssh"},
	{"DL3002", D "USER 5\nUSER root", 3, D "USER root\nUSER 5"},
	{"DL3003", D "RUN (cd /x && make)", 2, D "RUN make -C /x \"cd /x\" # cd /x"},
	{"DL3004", D "RUN apt-get update; sudo ls", 2, D "RUN echo sudo"},
	{"DL3006", "FROM debian", 1, "FROM debian:12 AS a\nFROM a\nFROM scratch\nFROM $X"},
	{"DL3007", "FROM debian:latest", 1, "FROM debian:latest@sha256:00\nFROM debian:12"},
	{"DL3008", D "RUN apt-get install -y a=1 b", 2,
		D "RUN apt-get install -y -t sid a=1 b/sid ./c.deb"},
	{"DL3009", D "RUN apt-get update", 2,
		"FROM a:1 AS b\nRUN apt-get update\n" D
		"RUN apt-get update && rm -rf /var/lib/apt/lists/*"},
	{"DL3010", D "COPY a.tgz /x/\nRUN tar -xzf /x/a.tgz", 2,
		D "COPY a.tgz /x/\nRUN tar -tf a.tgz"},
	{"DL3011", D "EXPOSE 80 65536", 2, D "EXPOSE 0 65535/tcp 80-90 $PORT"},
	{"DL3012", D "HEALTHCHECK NONE\nHEALTHCHECK CMD [\"a\"]", 3,
		D "HEALTHCHECK NONE\n" D "HEALTHCHECK NONE"},
	{"DL3013", D "RUN pip install a==1 b", 2,
		D
		"RUN pip install a==1 'b>=2' c.whl ./d git+https://x/y@v1 && pip install -r r.txt"},
	{"DL3014", D "RUN apt-get install a=1", 2,
		D "RUN apt-get -qq install a=1 && apt-get install --yes a=1"},
	{"DL3015", D "RUN apt-get install -y a=1", 2,
		D "RUN apt-get install -y --no-install-recommends a=1"},
	{"DL3016", D "RUN npm install -g a", 2,
		D "RUN npm install && npm install @s/a@1 ./b c.tgz"},
	{"DL3018", D "RUN apk add --no-cache a", 2,
		D "RUN apk add --no-cache -t .deps a=1 b~2 'c<3' ./d.apk"},
	{"DL3019", D "RUN apk add a=1", 2,
		D "RUN apk --no-cache add a=1\nRUN --mount=type=cache,target=/var/cache/apk apk "
		  "add a=1"},
	{"DL3020", D "ADD a /b", 2, D "ADD a.tar.gz https://x/y /b/"},
	{"DL3021", D "COPY a b /c", 2, D "COPY a b /c/\nCOPY a /c\nCOPY [\"a\", \"b\", \"/c/\"]"},
	{"DL3022", D "COPY --from=other a b", 2,
		"FROM a:1 AS x\n" D "COPY --from=x a /b\nCOPY --from=0 a /b\nCOPY --from=i:1 a /b"},
	{"DL3023", "FROM a:1 AS x\nCOPY --from=x a /b", 2,
		"FROM a:1 AS x\n" D "COPY --from=x a /b"},
	{"DL3024", "FROM a:1 AS x\nFROM b:1 AS x", 2, "FROM a:1 AS x\nFROM b:1 AS X"},
	{"DL3025", D "CMD run it", 2, D "CMD [\"run\", \"it\"]\nENTRYPOINT []"},
	{"DL3027", D "RUN apt install a", 2, D "RUN apt-get install a; apt-cache show a"},
	{"DL3028", D "RUN gem install a", 2, D "RUN gem install a:1 && gem install b -v 2"},
	{"DL3029", "FROM --platform=linux/arm64 a:1", 1, "FROM --platform=$BUILDPLATFORM a:1"},
	{"DL3030", D "RUN yum install a-1", 2, D "RUN yum -y install a-1"},
	{"DL3032", D "RUN yum install -y a-1", 2, D "RUN yum install -y a-1 && yum clean all"},
	{"DL3033", D "RUN yum install -y a-devel", 2,
		D "ARG V=1\nRUN yum install -y a-1.2 b-$V c-x.rpm"},
	{"DL3034", D "RUN zypper install a=1", 2, D "RUN zypper -n install a=1"},
	{"DL3035", D "RUN zypper dup", 2, D "RUN zypper up"},
	{"DL3036", D "RUN zypper clean && zypper in -y a=1", 2,
		D "RUN zypper in -y a=1 && zypper cc"},
	{"DL3037", D "RUN zypper in -y a", 2, D "RUN zypper in -y a=1 'b>2' c.rpm"},
	{"DL3038", D "RUN dnf install a-1", 2, D "RUN microdnf install -y a-1"},
	{"DL3040", D "RUN microdnf install -y a-1 && dnf clean all", 2,
		D "RUN dnf install -y a-1 && dnf clean all"},
	{"DL3041", D "RUN dnf install -y a", 2,
		D "RUN dnf install -y a-1 && dnf module install -y n:1 && dnf group install -y g"},
	{"DL3042", D "RUN pip install a==1", 2,
		D "ENV PIP_NO_CACHE_DIR=1\nRUN pip install a==1\n" D
		  "RUN --mount=type=cache,target=/root/.cache/pip pip install a==1"},
	{"DL3043", D "ONBUILD MAINTAINER me", 2, D "ONBUILD RUN ls"},
	{"DL3044", D "ENV A=1 B=$A", 2, D "ENV A=1 B=$AB C=${A_}\nENV A=2 B=$A"},
	{"DL3045", D "COPY a b", 2, D "COPY a /b\nCOPY a $X\nWORKDIR /x\nCOPY a b"},
	{"DL3046", D "RUN useradd -u 123456 a", 2,
		D "RUN useradd -l -u 123456 a; useradd -u 1234 b"},
	{"DL3047", D "RUN wget http://x", 2, D "RUN wget -nv http://x; wget --progress=dot:giga y"},
	{"DL3048", D "LABEL Key=1", 2, D "LABEL a.b-c/d=1 org.opencontainers.image.title=x"},
	{"DL3059", D "RUN a\nRUN b", 3, D "RUN a && b\nRUN c\nENV X=1\nRUN d"},
	{"DL3060", D "RUN yarn install", 2, D "RUN yarn install && yarn cache clean"},
	{"DL3061", "RUN ls\n" D, 1, "# c\nARG A\n" D "RUN ls"},
	{"DL3062", D "RUN go install x@latest", 2,
		D "RUN go install x@v1 && go install ./... && go run ."},
	{"DL3063", "FROM a:1 AS context", 1, "FROM a:1 AS contexts"},
	{"DL3064", D "ENV X=1 DB_PASSWORD=y", 2, D "ENV X=secret\nARG KEY"},
	{"DL3065", "FROM --platform=$TARGETPLATFORM a:1", 1, "FROM --platform=$BUILDPLATFORM a:1"},
	{"DL3066", D "USER app", 2, D "ARG U\nUSER 5:app\nUSER ${U}"},
	{"DL3067", "FROM a:1 AS x\n" D "COPY --from=x / /", 3,
		"FROM a:1 AS x\n" D "COPY --from=x / /x"},
	{"DL4000", D "MAINTAINER me", 2, D "LABEL maintainer=me"},
	{"DL4001", D "RUN curl x\nRUN wget -q y", 3, D "RUN curl x\n" D "RUN wget -q y"},
	{"DL4003", D "CMD [\"a\"]\nCMD [\"b\"]", 3, D "CMD [\"a\"]\n" D "CMD [\"b\"]"},
	{"DL4004", D "ENTRYPOINT [\"a\"]\nENTRYPOINT [\"b\"]", 3, D "ENTRYPOINT [\"a\"]"},
	{"DL4005", D "RUN ln -sf /bin/bash /bin/sh", 2, D "RUN ln -s /bin/bash /bin/zsh"},
	{"DL4006", D "RUN a | b", 2,
		D "SHELL [\"/bin/bash\", \"-eo\", \"pipefail\", \"-c\"]\nRUN a | b\n" D
		  "RUN a || b; echo '|'"},
	{"DS-0002", D "RUN ls", 1, D "USER 5"},
	{"DS-0004", D "EXPOSE 80 22/tcp", 2, D "EXPOSE 2222"},
	{"DS-0017", D "RUN apt-get update", 2, D "RUN apt-get update && apt-get install -y a=1"},
	{"DS-0024", D "RUN apt-get -y dist-upgrade", 2, D "RUN apt-get upgrade"},
	{"DS-0026", D, 1, D "HEALTHCHECK NONE"},
	{"DS-0030", D "WORKDIR /proc/self", 2, D "WORKDIR /process"},
	{"DS-0031", D "ENV SIGNING_KEY=x", 2,
		D "ENV PUBLIC_KEY=x\nRUN --mount=type=secret,id=a aws configure set "
		  "aws_access_key_id x"},
	{"RF-D001", "FROM a:1 AS b\nFROM scratch\nRUN adduser x", 3,
		"FROM scratch\nADD rootfs.tar /\nRUN ls\nFROM scratch\nCOPY a /a\nRUN [\"/a\"]"},
	{"RF-D002",
		"FROM golang:1 AS b\nENV CGO_ENABLED=0\nRUN go build\nFROM alpine:3\nCOPY --from=b "
		"a /a",
		3,
		"FROM golang:1 AS b\nRUN CGO_ENABLED=0 go build\nFROM scratch\nCOPY --from=b a /a"},
	{"RF-D003", D "RUN go build -o a .", 2, D "ENV GOFLAGS=-trimpath\nRUN go build"},
	{"RF-D004", "FROM golang:1 AS b\nRUN go build\nFROM scratch\nCOPY --from=b a /a", 2,
		"FROM golang:1 AS b\nRUN CGO_ENABLED=0 go build\nFROM scratch\nCOPY --from=b a /a"},
	{"RF-D005", "ARG A=debian:12\nFROM $A", 2,
		"FROM debian@sha256:00 AS x\nFROM x\nFROM scratch"},
	{"RF-D006", D "ADD https://x/y /y", 2, D "ADD --checksum=sha256:00 https://x/y /y"},
	{"RF-D007", D "RUN curl -fsSL x | sudo bash -", 2,
		D "RUN curl x | tar xz; curl x | bash -c 'cat'; echo 'curl x | sh'"},
	{"RF-D008", D "RUN chmod u+s /a", 2, D "RUN chmod 0755 /a; chmod a+x /b; chmod 1777 /tmp"},
	{"RF-D010", D "COPY .env /app/", 2, D "COPY cert.pem env.go /x/\nCOPY --from=b .env /"},
	{"RF-D011", D "ENV X=AKIAQ3EGRIPDNW5XZ7TK", 2,
		D "ENV PASSWORD_FILE=/run/secrets/x TOKEN=changeme SECRET=$X"},
	{"RF-D012", D "COPY --chmod=777 a /a", 2, D "RUN chmod 775 /a && chmod 1777 /tmp"},
	{"RF-D013", D "RUN --security=insecure ls", 2, D "RUN --security=sandbox ls"},
	{"RF-D014", D "RUN --network=host ls", 2, D "RUN --network=none ls"},
	{"RF-D015", D "RUN curl -fkL https://x", 2,
		D "RUN curl -fL https://x -K k\nENV GOSUMDB=on"},
	{"RF-D016", D "RUN git clone https://u:pw@x/y", 2,
		D "RUN git clone https://u:$PW@x/y && git clone https://u@x/y"},
	{"RF-D017", D "RUN echo root:x | chpasswd", 2, D "RUN passwd -l root"},
	{"RF-D018", D "RUN setcap cap_net_raw+ep /a", 2, D "RUN getcap /a"},
	{"RF-D019", D "ENV PATH=.:$PATH", 2, D "ENV PATH=/x:$PATH"},
	{"RF-D020", D "VOLUME /var/run/docker.sock", 2, D "VOLUME /var/run"},
};

static bool has(const char *list, const char *id, unsigned line)
{
	char word[40];
	const char *at;

	snprintf(word, sizeof(word), "%u:%s", line, id);
	at = strstr(list, word);
	return at && (at == list || at[-1] == ' ');
}

static void every_rule_fires_at_its_line(void)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		AUTO_BUF out = {0};
		const char *list = found(rows[i].bad, rows[i].id, &out);

		CHECKF(has(list, rows[i].id, rows[i].line), "%s in line %u: \"%s\"", rows[i].id,
			rows[i].line, list);
	}
}

static void every_rule_stays_silent_where_it_should(void)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++) {
		AUTO_BUF out = {0};

		CHECKF(!*found(rows[i].good, rows[i].id, &out), "%s: \"%s\"", rows[i].id,
			rf_buf_cstr(&out));
	}
}

/* These need an option; they have tests of their own in check.c. */
static const char *const others[] = {"DL1001", "DL3026", "DL3049", "DL3050", "DL3051", "DL3052",
	"DL3053", "DL3054", "DL3055", "DL3056", "DL3057", "DL3058", "RF-D009"};

static void every_rule_has_a_row_here(void)
{
	for (size_t r = 0; r < check_rule_count(); r++) {
		bool there = false;

		for (size_t i = 0; i < RF_ARRAY_LEN(rows); i++)
			there |= strcmp(rows[i].id, check_rule_at(r)->id) == 0;
		for (size_t i = 0; i < RF_ARRAY_LEN(others); i++)
			there |= strcmp(others[i], check_rule_at(r)->id) == 0;
		CHECKF(there, "%s", check_rule_at(r)->id);
	}
}

static void every_rule_says_why_and_how(void)
{
	for (size_t r = 0; r < check_rule_count(); r++) {
		const struct check_rule *rule = check_rule_at(r);

		CHECKF(rule->summary && rule->why && rule->fix && strlen(rule->why) > 10, "%s",
			rule->id);
		CHECKF(r == 0 || strcmp(check_rule_at(r - 1)->id, rule->id) < 0,
			"%s is there twice", rule->id);
	}
}

static void triggers_are_judged_as_a_file_of_their_own(void)
{
	CHECK_FOUND(D "ONBUILD RUN sudo ls", "DL", "2:DL3004");
	CHECK_FOUND(D "ONBUILD ADD a /b", "DL3020", "");
	CHECK_FOUND(D "RUN curl x\nONBUILD RUN wget -q y", "DL4001", "");
}

static void a_stage_inherits_what_it_builds_on(void)
{
	CHECK_FOUND("FROM a:1 AS b\nWORKDIR /x\nFROM b\nCOPY a c", "DL3045", "");
	CHECK_FOUND("FROM a:1 AS b\nUSER 5\nFROM b\nRUN ls", "DS-0002", "");
	CHECK_FOUND("FROM a:1 AS b\nUSER 0\nFROM b\nRUN ls", "DS-0002", "3:DS-0002");
	CHECK_FOUND("FROM gcr.io/distroless/static:nonroot", "DS-0002", "");
	CHECK_FOUND("FROM scratch AS b\nFROM b\nRUN ls", "RF-D001", "3:RF-D001");
}

static void names_of_images_are_taken_apart(void)
{
	CHECK_FOUND("FROM localhost:5000/a", "DL300", "1:DL3006");
	CHECK_FOUND("FROM localhost:5000/a:1", "DL300", "");
	CHECK_FOUND("FROM a.b/c:latest", "DL300", "1:DL3007");
	CHECK_FOUND("FROM a:${V:-x/y}\nFROM a:${V/x/y", "DL300", "");
	CHECK_FOUND("FROM a.b/${X:-c:d}", "DL300", "");
}

int main(int argc, char **argv)
{
	TAP_BEGIN(argc, argv);
	RUN(every_rule_fires_at_its_line);
	RUN(every_rule_stays_silent_where_it_should);
	RUN(every_rule_has_a_row_here);
	RUN(every_rule_says_why_and_how);
	RUN(triggers_are_judged_as_a_file_of_their_own);
	RUN(a_stage_inherits_what_it_builds_on);
	RUN(names_of_images_are_taken_apart);
	return TAP_END();
}
