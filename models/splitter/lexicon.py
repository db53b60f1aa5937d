"""Closed classes of words that mark dates, ages and bylines in the languages of the web's news.

Each is one string of words with white space between. They are evidence, not rules: the features count them, and the
model learns what a count is worth.
"""

MONTHS = """
january february march april may june july august september october november december
jan feb mar apr jun jul aug sep sept oct nov dec
januar februar märz mai juni juli oktober dezember jän jänner mrz okt dez
enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre ene abr ago dic
janvier février mars avril juin juillet août septembre octobre novembre décembre janv févr avr juil déc
janeiro fevereiro março maio junho julho setembro outubro novembro dezembro fev abr mai ago set out
gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre gen mag giu lug ott
januari februari maart mei augustus mrt
stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia
ledna února března dubna května června července srpna září října listopadu prosince
siječnja veljače ožujka travnja svibnja lipnja srpnja kolovoza rujna listopada studenoga prosinca
ianuarie februarie martie aprilie iunie iulie septembrie octombrie noiembrie decembrie
ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık
januari februari maret mei juni juli agustus oktober desember
maj juni juli augusti tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta
syyskuuta lokakuuta marraskuuta joulukuuta
január február március április május június július augusztus szeptember október november december
января февраля марта апреля мая июня июля августа сентября октября ноября декабря янв фев апр авг сен окт ноя дек
січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня
ιανουαρίου φεβρουαρίου μαρτίου απριλίου μαΐου ιουνίου ιουλίου αυγούστου σεπτεμβρίου οκτωβρίου νοεμβρίου δεκεμβρίου
يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر
فروردین اردیبهشت خرداد تیر مرداد شهریور مهر آبان آذر دی بهمن اسفند
"""

WEEKDAYS = """
monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun
montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag
lunes martes miércoles jueves viernes sábado domingo lundi mardi mercredi jeudi vendredi samedi dimanche
segunda terça quarta quinta sexta lunedì martedì mercoledì giovedì venerdì sabato domenica
maandag dinsdag woensdag donderdag vrijdag zaterdag zondag
poniedziałek wtorek środa czwartek piątek sobota niedziela
понедельник вторник среда четверг пятница суббота воскресенье senin selasa rabu kamis jumat sabtu minggu
"""

AGO = """
ago vor hace il há fa geleden temu назад тому lalu önce sedan siden sitten před πριν قبل پیش
yesterday today gestern heute ayer hoy hier aujourd ontem hoje ieri oggi вчера сегодня wczoraj dzisiaj
updated published posted veröffentlicht aktualisiert publicado actualizado atualizado publié modifié pubblicato
aggiornato опубликовано обновлено opublikowano 前 昨 今 전
"""

UNITS = """
second seconds minute minutes hour hours day days week weeks month months year years
sec secs min mins hr hrs h m d w mo yr yrs s am pm
sekunden minuten minute stunde stunden tag tagen woche wochen monat monaten monate jahr jahren jahre uhr
segundos minuto minutos hora horas día días semana semanas mes meses año años
seconde secondes heure heures jour jours semaine semaines mois an ans
dia dias mês ano anos ora ore giorno giorni settimana settimane mese mesi anno anni
uur dag dagen weken maand maanden jaar godzin godziny dni tydzień tygodni miesiąc miesięcy lat
минут минуты час часа часов день дня дней неделю недели недель месяц месяца месяцев год года лет
menit jam hari minggu bulan tahun dakika saat gün hafta ay yıl 年 月 日 時 时 分 小 週 周 년 월 일 시 분
دقيقة ساعة ساعات يوم أيام أسبوع شهر سنة دقیقه ساعت روز هفته ماه سال
"""

BY = """
by von par por di da door av af przez oleh tarafından od
author authors writer reporter correspondent editor staff contributor written words
autor autorin autora autore auteur redaktion redacción redação redazione rédaction redactie
от автор корреспондент редакция
记者 作者 編集 編輯 记 責 文 기자 بقلم نویسنده كتب
"""

TAGS = """
tags tag topics topic labels filed tagged categories category keywords related
schlagworte schlagwörter themen thema etiquetas temas mots clés sujets thèmes argomenti parole chiave
trefwoorden onderwerpen tagi теги темы метки 标签 關鍵字 关键词 タグ 태그
"""
